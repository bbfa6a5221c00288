CREATE TABLE `peerings` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`network_id` text NOT NULL,
	`peer_slug` text NOT NULL,
	`peer_tenant_id` text,
	`peer_network_id` text,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`peer_tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`tenant_id`) = 16),
	CHECK (length(`network_id`) = 16),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`expires_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE INDEX `peerings_by_tenant` ON `peerings` (`tenant_id`);--> statement-breakpoint
CREATE INDEX `peerings_by_peer` ON `peerings` (`peer_tenant_id`);--> statement-breakpoint
CREATE INDEX `peerings_by_slug` ON `peerings` (`peer_slug`);