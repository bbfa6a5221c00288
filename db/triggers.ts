/**
 * Triggers by table: rules that must hold whatever a query says. They are a fence against our own mistakes;
 * who opens the database by hand can drop them, and is found by the macs.
 */
export const TRIGGERS: Readonly<Record<string, readonly string[]>> = {
  audit_entries: [
    `CREATE TRIGGER audit_entries_never_change BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'audit entries never change'); END;`,
    `CREATE TRIGGER audit_entries_stay BEFORE DELETE ON audit_entries
WHEN OLD.seq > COALESCE((SELECT cut_seq FROM audit_chains WHERE chain = OLD.chain), 0)
BEGIN SELECT RAISE(ABORT, 'audit entries after the checkpoint stay'); END;`,
    `CREATE TRIGGER audit_entries_follow BEFORE INSERT ON audit_entries
WHEN NEW.seq <> 1 + COALESCE((SELECT head_seq FROM audit_chains WHERE chain = NEW.chain), 0)
BEGIN SELECT RAISE(ABORT, 'an audit entry follows the head of its chain'); END;`,
  ],
  audit_chains: [
    `CREATE TRIGGER audit_chains_only_grow BEFORE UPDATE ON audit_chains
WHEN NEW.chain <> OLD.chain OR NEW.head_seq NOT IN (OLD.head_seq, OLD.head_seq + 1)
OR NEW.cut_seq < OLD.cut_seq OR NEW.cut_seq > NEW.head_seq
BEGIN SELECT RAISE(ABORT, 'audit chains only grow'); END;`,
    `CREATE TRIGGER audit_chains_stay BEFORE DELETE ON audit_chains
BEGIN SELECT RAISE(ABORT, 'audit chains stay'); END;`,
  ],
}
