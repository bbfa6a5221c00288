CREATE TABLE `firewalls` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`ingress_json` text NOT NULL,
	`egress_json` text NOT NULL,
	`labels_json` text NOT NULL,
	`generation` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`tenant_id`) = 16),
	CHECK (length(`name`) BETWEEN 1 AND 63),
	CHECK (json_valid(`ingress_json`)),
	CHECK (json_valid(`egress_json`)),
	CHECK (json_valid(`labels_json`)),
	CHECK (`generation` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `firewalls_by_name` ON `firewalls` (`tenant_id`,`name`);--> statement-breakpoint
ALTER TABLE `networks` ADD `within` text DEFAULT 'open' NOT NULL;