ALTER TABLE `containers` ADD `runtime` text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `exceptions_json` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `tenants` ADD `runtime` text DEFAULT 'default' NOT NULL;