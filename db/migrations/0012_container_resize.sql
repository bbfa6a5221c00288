ALTER TABLE `containers` ADD `held_cpu_milli` integer;--> statement-breakpoint
ALTER TABLE `containers` ADD `held_cpu_shares` integer;--> statement-breakpoint
ALTER TABLE `containers` ADD `held_memory_bytes` integer;--> statement-breakpoint
ALTER TABLE `containers` ADD `held_pids` integer;