ALTER TABLE `access_keys` ADD `actions_json` text;--> statement-breakpoint
ALTER TABLE `access_keys` ADD `resources_json` text;--> statement-breakpoint
ALTER TABLE `access_keys` ADD `previous_root_key` integer;--> statement-breakpoint
ALTER TABLE `access_keys` ADD `previous_until` integer;--> statement-breakpoint
ALTER TABLE `access_keys` ADD `last_used_at` integer;--> statement-breakpoint
ALTER TABLE `access_keys` ADD `last_used_from` text;