-- Each tenant's limits become rows, before the next migration takes their columns away. A tenant that is
-- gone takes none along: its row is a tombstone.
INSERT INTO `limits` (`tenant_id`, `resource`, `amount`)
SELECT `id`, 'containers', `limit_containers` FROM `tenants` WHERE `deleted_at` IS NULL
UNION ALL
SELECT `id`, 'cpuMilli', `limit_cpu_milli` FROM `tenants` WHERE `deleted_at` IS NULL
UNION ALL
SELECT `id`, 'memoryBytes', `limit_memory_bytes` FROM `tenants` WHERE `deleted_at` IS NULL;
