PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_tenants` (
	`id` text PRIMARY KEY NOT NULL,
	`slug` text NOT NULL,
	`policy` text NOT NULL,
	`exceptions_json` text DEFAULT '[]' NOT NULL,
	`runtime` text DEFAULT 'default' NOT NULL,
	`created_at` integer NOT NULL,
	`deleted_at` integer,
	CONSTRAINT "tenants_slug_in_lower_case" CHECK(slug = lower(slug)),
	CHECK (length(`id`) = 16),
	CHECK (length(`slug`) BETWEEN 1 AND 32),
	CHECK (`policy` IN ('baseline', 'restricted')),
	CHECK (json_valid(`exceptions_json`)),
	CHECK (`runtime` IN ('default', 'sandboxed')),
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`deleted_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_tenants`("id", "slug", "policy", "exceptions_json", "runtime", "created_at", "deleted_at") SELECT "id", "slug", "policy", "exceptions_json", "runtime", "created_at", "deleted_at" FROM `tenants`;--> statement-breakpoint
DROP TABLE `tenants`;--> statement-breakpoint
ALTER TABLE `__new_tenants` RENAME TO `tenants`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE UNIQUE INDEX `tenants_live_slug` ON `tenants` (`slug`) WHERE deleted_at IS NULL;