CREATE TABLE `events` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`time` integer NOT NULL,
	`tenant_id` text,
	`tenant` text,
	`level` text NOT NULL,
	`action` text NOT NULL,
	`target_kind` text NOT NULL,
	`target_id` text NOT NULL,
	`target_name` text NOT NULL,
	`message` text NOT NULL,
	`details_json` text NOT NULL,
	CHECK (`seq` BETWEEN 0 AND 9007199254740991),
	CHECK (`time` BETWEEN 0 AND 9007199254740991),
	CHECK (length(`tenant_id`) = 16),
	CHECK (`level` IN ('info', 'warning', 'error')),
	CHECK (length(`target_id`) BETWEEN 1 AND 64),
	CHECK (json_valid(`details_json`))
) STRICT;
--> statement-breakpoint
CREATE INDEX `events_by_tenant` ON `events` (`tenant_id`,`seq`);--> statement-breakpoint
CREATE INDEX `events_by_time` ON `events` (`time`);