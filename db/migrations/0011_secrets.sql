CREATE TABLE `secret_versions` (
	`secret_id` text NOT NULL,
	`version` integer NOT NULL,
	`size_bytes` integer NOT NULL,
	`sealed_value` text NOT NULL,
	`wrapped_key` text NOT NULL,
	`wrap_key` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`secret_id`) REFERENCES `secrets`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (`version` BETWEEN 0 AND 9007199254740991),
	CHECK (`size_bytes` BETWEEN 0 AND 9007199254740991),
	CHECK (`wrap_key` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `secret_versions_by_secret` ON `secret_versions` (`secret_id`,`version`);--> statement-breakpoint
CREATE INDEX `secret_versions_by_wrap_key` ON `secret_versions` (`wrap_key`);--> statement-breakpoint
CREATE TABLE `secrets` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`tenant_id`) = 16),
	CHECK (length(`name`) BETWEEN 1 AND 63),
	CHECK (`version` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`updated_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `secrets_by_name` ON `secrets` (`tenant_id`,`name`);--> statement-breakpoint
ALTER TABLE `containers` ADD `secrets_json` text;--> statement-breakpoint
ALTER TABLE `containers` ADD `secrets_outdated_at` integer;