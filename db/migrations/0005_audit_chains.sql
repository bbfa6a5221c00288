CREATE TABLE `audit_chains` (
	`chain` text PRIMARY KEY NOT NULL,
	`head_seq` integer NOT NULL,
	`head_mac` text NOT NULL,
	`cut_seq` integer DEFAULT 0 NOT NULL,
	`cut_mac` text DEFAULT '' NOT NULL,
	`cut_root_key` integer DEFAULT 0 NOT NULL,
	`cut_seal` text DEFAULT '' NOT NULL,
	`logged_seq` integer DEFAULT 0 NOT NULL,
	CHECK (length(`chain`) BETWEEN 8 AND 16),
	CHECK (`head_seq` BETWEEN 0 AND 9007199254740991),
	CHECK (`cut_seq` BETWEEN 0 AND 9007199254740991),
	CHECK (`cut_root_key` BETWEEN 0 AND 9007199254740991),
	CHECK (`logged_seq` BETWEEN 0 AND 9007199254740991)
) STRICT;
--> statement-breakpoint
CREATE TABLE `audit_entries` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`chain` text NOT NULL,
	`seq` integer NOT NULL,
	`time` integer NOT NULL,
	`actor` text NOT NULL,
	`key_id` text,
	`tenant` text,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`result` text NOT NULL,
	`status` integer NOT NULL,
	`request_id` text NOT NULL,
	`source_address` text NOT NULL,
	`root_key` integer NOT NULL,
	`mac` text NOT NULL,
	CHECK (`id` BETWEEN 0 AND 9007199254740991),
	CHECK (length(`chain`) BETWEEN 8 AND 16),
	CHECK (`seq` BETWEEN 0 AND 9007199254740991),
	CHECK (`time` BETWEEN 0 AND 9007199254740991),
	CHECK (length(`key_id`) = 18),
	CHECK (`status` BETWEEN 0 AND 9007199254740991),
	CHECK (`root_key` BETWEEN 0 AND 9007199254740991),
	CHECK (length(`mac`) = 43)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `audit_entries_by_chain` ON `audit_entries` (`chain`,`seq`);
--> statement-breakpoint
CREATE TRIGGER audit_entries_never_change BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'audit entries never change'); END;
--> statement-breakpoint
CREATE TRIGGER audit_entries_stay BEFORE DELETE ON audit_entries
WHEN OLD.seq > COALESCE((SELECT cut_seq FROM audit_chains WHERE chain = OLD.chain), 0)
BEGIN SELECT RAISE(ABORT, 'audit entries after the checkpoint stay'); END;
--> statement-breakpoint
CREATE TRIGGER audit_entries_follow BEFORE INSERT ON audit_entries
WHEN NEW.seq <> 1 + COALESCE((SELECT head_seq FROM audit_chains WHERE chain = NEW.chain), 0)
BEGIN SELECT RAISE(ABORT, 'an audit entry follows the head of its chain'); END;
--> statement-breakpoint
CREATE TRIGGER audit_chains_only_grow BEFORE UPDATE ON audit_chains
WHEN NEW.chain <> OLD.chain OR NEW.head_seq NOT IN (OLD.head_seq, OLD.head_seq + 1)
OR NEW.cut_seq < OLD.cut_seq OR NEW.cut_seq > NEW.head_seq
BEGIN SELECT RAISE(ABORT, 'audit chains only grow'); END;
--> statement-breakpoint
CREATE TRIGGER audit_chains_stay BEFORE DELETE ON audit_chains
BEGIN SELECT RAISE(ABORT, 'audit chains stay'); END;