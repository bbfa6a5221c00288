CREATE TABLE `fetched_images` (
	`image_id` text NOT NULL,
	`reference` text NOT NULL,
	PRIMARY KEY(`image_id`, `reference`),
	CONSTRAINT "image_id_is_digest" CHECK(image_id GLOB 'sha256:*')
) STRICT;