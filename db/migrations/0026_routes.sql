CREATE TABLE `domains` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`subdomains` integer NOT NULL,
	`token` text NOT NULL,
	`proof` text,
	`proved_at` integer,
	`expires_at` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`tenant_id`) = 16),
	CHECK (length(`name`) BETWEEN 1 AND 253),
	CHECK (`subdomains` BETWEEN 0 AND 9007199254740991),
	CHECK (`proof` IN ('dns', 'http')),
	CHECK (`proved_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`expires_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `domains_name_unique` ON `domains` (`name`);--> statement-breakpoint
CREATE INDEX `domains_by_tenant` ON `domains` (`tenant_id`);--> statement-breakpoint
CREATE TABLE `routes` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`spec_json` text NOT NULL,
	`generation` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`tenant_id`) = 16),
	CHECK (length(`name`) BETWEEN 1 AND 63),
	CHECK (json_valid(`spec_json`)),
	CHECK (`generation` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `routes_by_name` ON `routes` (`tenant_id`,`name`);