CREATE TABLE `idempotency` (
	`scope` text NOT NULL,
	`key` text NOT NULL,
	`asked_by` text NOT NULL,
	`fingerprint` text NOT NULL,
	`target` text NOT NULL,
	`sealed_answer` text,
	`created_at` integer NOT NULL,
	CHECK (`created_at` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `idempotency_by_scope` ON `idempotency` (`scope`,`key`);--> statement-breakpoint
CREATE INDEX `idempotency_by_age` ON `idempotency` (`created_at`);