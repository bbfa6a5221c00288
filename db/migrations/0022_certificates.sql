CREATE TABLE `certificates` (
	`subject` text PRIMARY KEY NOT NULL,
	`names_json` text NOT NULL,
	`certificate` text NOT NULL,
	`sealed_key` text NOT NULL,
	`not_before` integer NOT NULL,
	`not_after` integer NOT NULL,
	CONSTRAINT "subject_is_known" CHECK(subject = 'authority' OR subject GLOB 'tenant:?*'),
	CHECK (json_valid(`names_json`)),
	CHECK (`not_before` BETWEEN 0 AND 9007199254740991),
	CHECK (`not_after` BETWEEN 0 AND 9007199254740991)
) STRICT;