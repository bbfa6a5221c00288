PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_certificates` (
	`subject` text PRIMARY KEY NOT NULL,
	`names_json` text NOT NULL,
	`certificate` text NOT NULL,
	`sealed_key` text NOT NULL,
	`not_before` integer NOT NULL,
	`not_after` integer NOT NULL,
	CONSTRAINT "subject_is_known" CHECK(subject IN ('authority', 'api') OR subject GLOB 'tenant:?*'),
	CHECK (json_valid(`names_json`)),
	CHECK (`not_before` BETWEEN 0 AND 9007199254740991),
	CHECK (`not_after` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_certificates`("subject", "names_json", "certificate", "sealed_key", "not_before", "not_after") SELECT "subject", "names_json", "certificate", "sealed_key", "not_before", "not_after" FROM `certificates`;--> statement-breakpoint
DROP TABLE `certificates`;--> statement-breakpoint
ALTER TABLE `__new_certificates` RENAME TO `certificates`;--> statement-breakpoint
PRAGMA foreign_keys=ON;