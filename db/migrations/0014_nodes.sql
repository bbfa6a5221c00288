CREATE TABLE `nodes` (
	`id` text PRIMARY KEY NOT NULL,
	`scheduling` text NOT NULL,
	`generation` integer NOT NULL,
	`changed_at` integer NOT NULL,
	CHECK (length(`id`) BETWEEN 1 AND 63),
	CHECK (`scheduling` IN ('open', 'cordoned', 'drained')),
	CHECK (`generation` BETWEEN 0 AND 9007199254740991),
	CHECK (`changed_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_operations` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text,
	`kind` text NOT NULL,
	`target_kind` text NOT NULL,
	`target_id` text NOT NULL,
	`target_name` text NOT NULL,
	`generation` integer NOT NULL,
	`state` text NOT NULL,
	`step` text,
	`progress` integer NOT NULL,
	`error_json` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`tenant_id`) = 16),
	CHECK (length(`target_id`) BETWEEN 1 AND 64),
	CHECK (`generation` BETWEEN 0 AND 9007199254740991),
	CHECK (`state` IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
	CHECK (`progress` BETWEEN 0 AND 9007199254740991),
	CHECK (json_valid(`error_json`)),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`updated_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_operations`("id", "tenant_id", "kind", "target_kind", "target_id", "target_name", "generation", "state", "step", "progress", "error_json", "created_at", "updated_at") SELECT "id", "tenant_id", "kind", "target_kind", "target_id", "target_name", "generation", "state", "step", "progress", "error_json", "created_at", "updated_at" FROM `operations`;--> statement-breakpoint
DROP TABLE `operations`;--> statement-breakpoint
ALTER TABLE `__new_operations` RENAME TO `operations`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE INDEX `operations_by_tenant` ON `operations` (`tenant_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `operations_open` ON `operations` (`target_id`) WHERE state IN ('pending', 'running');