CREATE TABLE `acme_accounts` (
	`directory` text PRIMARY KEY NOT NULL,
	`sealed_key` text NOT NULL,
	CONSTRAINT "directory_is_secure" CHECK(directory GLOB 'https://?*')
) STRICT;
--> statement-breakpoint
CREATE TABLE `public_certificates` (
	`host` text PRIMARY KEY NOT NULL,
	`certificate` text,
	`sealed_key` text,
	`not_before` integer,
	`not_after` integer,
	`sealed_order` text,
	`ordered_at` integer,
	`failures` integer NOT NULL,
	`next_at` integer NOT NULL,
	CONSTRAINT "certificate_is_whole" CHECK((certificate IS NULL) = (sealed_key IS NULL) AND (certificate IS NULL) = (not_before IS NULL) AND (certificate IS NULL) = (not_after IS NULL)),
	CONSTRAINT "order_has_a_time" CHECK((sealed_order IS NULL) = (ordered_at IS NULL)),
	CHECK (`not_before` BETWEEN 0 AND 9007199254740991),
	CHECK (`not_after` BETWEEN 0 AND 9007199254740991),
	CHECK (`ordered_at` BETWEEN 0 AND 9007199254740991),
	CHECK (`failures` BETWEEN 0 AND 9007199254740991),
	CHECK (`next_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_certificates` (
	`subject` text PRIMARY KEY NOT NULL,
	`names_json` text NOT NULL,
	`certificate` text NOT NULL,
	`sealed_key` text NOT NULL,
	`not_before` integer NOT NULL,
	`not_after` integer NOT NULL,
	CONSTRAINT "subject_is_known" CHECK(subject IN ('authority', 'api') OR subject GLOB 'tenant:?*' OR subject GLOB 'host:?*'),
	CHECK (json_valid(`names_json`)),
	CHECK (`not_before` BETWEEN 0 AND 9007199254740991),
	CHECK (`not_after` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_certificates`("subject", "names_json", "certificate", "sealed_key", "not_before", "not_after") SELECT "subject", "names_json", "certificate", "sealed_key", "not_before", "not_after" FROM `certificates`;--> statement-breakpoint
DROP TABLE `certificates`;--> statement-breakpoint
ALTER TABLE `__new_certificates` RENAME TO `certificates`;--> statement-breakpoint
PRAGMA foreign_keys=ON;