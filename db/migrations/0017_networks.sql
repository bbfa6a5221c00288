DROP INDEX `networks_live_name`;--> statement-breakpoint
ALTER TABLE `networks` ADD `zone` text DEFAULT 'local' NOT NULL;--> statement-breakpoint
ALTER TABLE `networks` ADD `labels_json` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `networks` ADD `ingress` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `networks` ADD `egress_json` text DEFAULT '"open"' NOT NULL;--> statement-breakpoint
ALTER TABLE `networks` ADD `smtp` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `networks_live_name` ON `networks` (`tenant_id`,`name`) WHERE released_at IS NULL AND desired = 'present';--> statement-breakpoint
ALTER TABLE `addresses` ADD `aliases_json` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `addresses` ADD `leaving_at` integer;--> statement-breakpoint
ALTER TABLE `containers` ADD `joining_since` integer;