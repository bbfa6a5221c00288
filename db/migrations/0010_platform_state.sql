CREATE TABLE `platform_state` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL,
	CHECK (length(`key`) BETWEEN 1 AND 64)
) STRICT;