CREATE TABLE `limits` (
	`tenant_id` text,
	`resource` text NOT NULL,
	`amount` integer,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`tenant_id`) = 16),
	CHECK (`amount` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `limits_of_tenant` ON `limits` (`tenant_id`,`resource`);--> statement-breakpoint
CREATE UNIQUE INDEX `limits_of_platform` ON `limits` (`resource`) WHERE tenant_id IS NULL;