CREATE TABLE `people` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text,
	`email` text NOT NULL,
	`display_name` text,
	`role` text NOT NULL,
	`source` text NOT NULL,
	`issuer` text,
	`subject` text,
	`created_at` integer NOT NULL,
	`disabled_at` integer,
	`last_sign_in_at` integer,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`tenant_id`) = 16),
	CHECK (`role` IN ('admin', 'operator', 'member', 'read')),
	CHECK (`source` IN ('invitation', 'group')),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`disabled_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`last_sign_in_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `people_of_tenant` ON `people` (`tenant_id`,`email`);--> statement-breakpoint
CREATE UNIQUE INDEX `people_of_platform` ON `people` (`email`) WHERE tenant_id IS NULL;--> statement-breakpoint
CREATE INDEX `people_by_subject` ON `people` (`subject`);--> statement-breakpoint
CREATE TABLE `sign_ins` (
	`id` text PRIMARY KEY NOT NULL,
	`person_id` text NOT NULL,
	`root_key` integer NOT NULL,
	`address` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`person_id`) REFERENCES `people`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`person_id`) = 16),
	CHECK (`root_key` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`expires_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE INDEX `sign_ins_by_person` ON `sign_ins` (`person_id`);