CREATE TABLE `access_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text,
	`description` text NOT NULL,
	`role` text NOT NULL,
	`root_key` integer NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`revoked_at` integer,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 18),
	CHECK (length(`tenant_id`) = 16),
	CHECK (`role` IN ('admin', 'operator', 'member', 'read')),
	CHECK (`root_key` BETWEEN 0 AND 9007199254740991),
	CHECK (`version` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`expires_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`revoked_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE INDEX `access_keys_by_tenant` ON `access_keys` (`tenant_id`);--> statement-breakpoint
CREATE TABLE `addresses` (
	`id` text PRIMARY KEY NOT NULL,
	`network_id` text NOT NULL,
	`address` text NOT NULL,
	`mac` text NOT NULL,
	`container_id` text NOT NULL,
	`released_at` integer,
	FOREIGN KEY (`network_id`) REFERENCES `networks`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`network_id`) = 16),
	CHECK (length(`container_id`) = 16),
	CHECK (`released_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `addresses_live` ON `addresses` (`network_id`,`address`) WHERE released_at IS NULL;--> statement-breakpoint
CREATE INDEX `addresses_by_container` ON `addresses` (`container_id`);--> statement-breakpoint
CREATE TABLE `api_keys` (
	`jti` text PRIMARY KEY NOT NULL,
	`key_id` text NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	FOREIGN KEY (`key_id`) REFERENCES `access_keys`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`key_id`) = 18),
	CHECK (`version` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`expires_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE INDEX `api_keys_by_key` ON `api_keys` (`key_id`);--> statement-breakpoint
CREATE TABLE `audit` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`time` integer NOT NULL,
	`actor` text NOT NULL,
	`key_id` text,
	`tenant_id` text,
	`tenant` text,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`result` text NOT NULL,
	`status` integer NOT NULL,
	`request_id` text NOT NULL,
	`source_address` text NOT NULL,
	CHECK (`seq` BETWEEN 0 AND 9007199254740991),
	CHECK (`time` BETWEEN 0 AND 9007199254740991),
	CHECK (length(`key_id`) = 18),
	CHECK (length(`tenant_id`) = 16),
	CHECK (`status` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE INDEX `audit_by_tenant` ON `audit` (`tenant_id`,`seq`);--> statement-breakpoint
CREATE TABLE `containers` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`node_id` text NOT NULL,
	`name` text NOT NULL,
	`network_id` text NOT NULL,
	`spec_json` text NOT NULL,
	`policy` text NOT NULL,
	`cpu_milli` integer NOT NULL,
	`cpu_shares` integer NOT NULL,
	`memory_bytes` integer NOT NULL,
	`pids` integer NOT NULL,
	`desired` text NOT NULL,
	`generation` integer NOT NULL,
	`spec_generation` integer NOT NULL,
	`run` integer NOT NULL,
	`state` text NOT NULL,
	`started_run` integer NOT NULL,
	`starting_at` integer,
	`image_json` text,
	`app_port` integer,
	`endpoints_json` text NOT NULL,
	`exit_code` integer,
	`reason_code` text,
	`reason_message` text,
	`restarts` integer NOT NULL,
	`retry_at` integer,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	`removed_at` integer,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`network_id`) REFERENCES `networks`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`tenant_id`) = 16),
	CHECK (length(`name`) BETWEEN 1 AND 63),
	CHECK (length(`network_id`) = 16),
	CHECK (json_valid(`spec_json`)),
	CHECK (`policy` IN ('baseline', 'restricted')),
	CHECK (`cpu_milli` BETWEEN 0 AND 9007199254740991),
	CHECK (`cpu_shares` BETWEEN 0 AND 9007199254740991),
	CHECK (`memory_bytes` BETWEEN 0 AND 9007199254740991),
	CHECK (`pids` BETWEEN 0 AND 9007199254740991),
	CHECK (`desired` IN ('running', 'stopped', 'absent')),
	CHECK (`generation` BETWEEN 0 AND 9007199254740991),
	CHECK (`spec_generation` BETWEEN 0 AND 9007199254740991),
	CHECK (`run` BETWEEN 0 AND 9007199254740991),
	CHECK (`state` IN ('pending', 'pulling', 'creating', 'starting', 'running', 'restarting', 'stopping', 'stopped', 'exited', 'failed', 'deleting')),
	CHECK (`started_run` BETWEEN 0 AND 9007199254740991),
	CHECK (`starting_at` BETWEEN 0 AND 9007199254740991),
	CHECK (json_valid(`image_json`)),
	CHECK (`app_port` BETWEEN 0 AND 9007199254740991),
	CHECK (json_valid(`endpoints_json`)),
	CHECK (`exit_code` BETWEEN -2147483648 AND 2147483647),
	CHECK (`restarts` BETWEEN 0 AND 9007199254740991),
	CHECK (`retry_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`started_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`finished_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`removed_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE INDEX `containers_live` ON `containers` (`tenant_id`,`name`) WHERE removed_at IS NULL;--> statement-breakpoint
CREATE INDEX `containers_by_network` ON `containers` (`network_id`);--> statement-breakpoint
CREATE TABLE `images` (
	`tenant_id` text,
	`reference` text NOT NULL,
	`image_id` text NOT NULL,
	`added_at` integer NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`tenant_id`) = 16),
	CHECK (`added_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `images_of_tenant` ON `images` (`tenant_id`,`reference`);--> statement-breakpoint
CREATE UNIQUE INDEX `images_shared` ON `images` (`reference`) WHERE tenant_id IS NULL;--> statement-breakpoint
CREATE TABLE `names` (
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`resource_id` text NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`tenant_id`) = 16),
	CHECK (length(`name`) BETWEEN 1 AND 63),
	CHECK (`kind` IN ('container')),
	CHECK (length(`resource_id`) = 16)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `names_by_tenant` ON `names` (`tenant_id`,`name`);--> statement-breakpoint
CREATE INDEX `names_by_resource` ON `names` (`resource_id`);--> statement-breakpoint
CREATE TABLE `networks` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`node_id` text NOT NULL,
	`name` text NOT NULL,
	`subnet` text NOT NULL,
	`desired` text NOT NULL,
	`state` text NOT NULL,
	`generation` integer NOT NULL,
	`created_at` integer NOT NULL,
	`released_at` integer,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`id`) = 16),
	CHECK (length(`tenant_id`) = 16),
	CHECK (length(`name`) BETWEEN 1 AND 63),
	CHECK (`desired` IN ('present', 'absent')),
	CHECK (`state` IN ('pending', 'ready', 'deleting', 'gone')),
	CHECK (`generation` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`released_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `networks_live_name` ON `networks` (`tenant_id`,`name`) WHERE released_at IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `networks_live_subnet` ON `networks` (`node_id`,`subnet`) WHERE released_at IS NULL;--> statement-breakpoint
CREATE TABLE `operations` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
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
	CHECK (length(`target_id`) = 16),
	CHECK (`generation` BETWEEN 0 AND 9007199254740991),
	CHECK (`state` IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
	CHECK (`progress` BETWEEN 0 AND 9007199254740991),
	CHECK (json_valid(`error_json`)),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`updated_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE INDEX `operations_by_tenant` ON `operations` (`tenant_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `operations_open` ON `operations` (`target_id`) WHERE state IN ('pending', 'running');--> statement-breakpoint
CREATE TABLE `registries` (
	`tenant_id` text NOT NULL,
	`host` text NOT NULL,
	`username` text NOT NULL,
	`sealed_password` text NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE no action,
	CHECK (length(`tenant_id`) = 16),
	CHECK (`updated_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `registries_by_host` ON `registries` (`tenant_id`,`host`);--> statement-breakpoint
CREATE TABLE `tenants` (
	`id` text PRIMARY KEY NOT NULL,
	`slug` text NOT NULL,
	`policy` text NOT NULL,
	`limit_containers` integer,
	`limit_cpu_milli` integer,
	`limit_memory_bytes` integer,
	`created_at` integer NOT NULL,
	`deleted_at` integer,
	CHECK (length(`id`) = 16),
	CHECK (length(`slug`) BETWEEN 1 AND 32),
	CHECK (`policy` IN ('baseline', 'restricted')),
	CHECK (`limit_containers` BETWEEN 0 AND 9007199254740991),
	CHECK (`limit_cpu_milli` BETWEEN 0 AND 9007199254740991),
	CHECK (`limit_memory_bytes` BETWEEN 0 AND 9007199254740991),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`deleted_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `tenants_live_slug` ON `tenants` (`slug`) WHERE deleted_at IS NULL;