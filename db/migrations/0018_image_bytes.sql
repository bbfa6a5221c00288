ALTER TABLE `containers` ADD `image_id` text;--> statement-breakpoint
ALTER TABLE `containers` ADD `image_bytes` integer;--> statement-breakpoint
UPDATE `containers` SET
  `image_id` = json_extract(`image_json`, '$.imageId'),
  `image_bytes` = CASE
    WHEN EXISTS (SELECT 1 FROM `images` WHERE `images`.`tenant_id` IS NULL
      AND `images`.`image_id` = json_extract(`containers`.`image_json`, '$.imageId')) THEN 0
    ELSE coalesce(json_extract(`image_json`, '$.sizeBytes'), 0)
  END
WHERE `image_json` IS NOT NULL AND `removed_at` IS NULL;
