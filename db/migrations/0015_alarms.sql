CREATE TABLE `alarms` (
	`kind` text NOT NULL,
	`tenant_id` text,
	`target_id` text NOT NULL,
	`target_name` text NOT NULL,
	`part` text NOT NULL,
	`raised_at` integer NOT NULL,
	PRIMARY KEY(`kind`, `target_id`, `part`),
	CHECK (`kind` IN ('container.memory', 'node.disk', 'node.memory', 'tenant.quota')),
	CHECK (length(`tenant_id`) = 16),
	CHECK (length(`target_id`) BETWEEN 1 AND 64),
	CHECK (`raised_at` BETWEEN 0 AND 9007199254740991)
) STRICT;