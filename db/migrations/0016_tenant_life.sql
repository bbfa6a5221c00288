ALTER TABLE `tenants` ADD `suspended_at` integer;--> statement-breakpoint
ALTER TABLE `tenants` ADD `suspend_reason` text;--> statement-breakpoint
ALTER TABLE `tenants` ADD `deleting_at` integer;--> statement-breakpoint
CREATE INDEX `operations_by_time` ON `operations` (`created_at`,`id`);