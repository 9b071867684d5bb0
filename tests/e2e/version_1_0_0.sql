-- What Redis still held of it, one message a line:
-- tasks {"body": "W1tbMTZdXSwge30sIHsiY2FsbGJhY2tzIjogbnVsbCwgImVycmJhY2tzIjogbnVsbCwgImNoYWluIjogbnVsbCwgImNob3JkIjogbnVsbH1d", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"lang": "py", "task": "arithmetic.run", "id": "2171bbc5-157c-4dfc-9406-092f33a4c7f8", "shadow": null, "eta": null, "expires": null, "group": null, "group_index": null, "retries": 0, "timelimit": [null, null], "root_id": "2171bbc5-157c-4dfc-9406-092f33a4c7f8", "parent_id": null, "argsrepr": "([16],)", "kwargsrepr": "{}", "origin": "gen28@16b56ae51be6", "ignore_result": true, "replaced_task_nesting": 0, "stamped_headers": null, "stamps": {}, "request_ids": "918d39a9-71bd-4c67-a5aa-788e93d2e704"}, "properties": {"correlation_id": "2171bbc5-157c-4dfc-9406-092f33a4c7f8", "reply_to": "893f32e7-f18a-3940-97bc-cc812927f9e6", "delivery_mode": 2, "delivery_info": {"exchange": "", "routing_key": "tasks"}, "priority": 0, "body_encoding": "base64", "delivery_tag": "c128d40a-0f44-4af2-bd96-26775b799696"}}
-- tasks {"body": "W1tbMTFdXSwge30sIHsiY2FsbGJhY2tzIjogbnVsbCwgImVycmJhY2tzIjogbnVsbCwgImNoYWluIjogbnVsbCwgImNob3JkIjogbnVsbH1d", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"lang": "py", "task": "arithmetic.run", "id": "1d9dbd88-6399-45bb-b4b5-238cabbd32c2", "shadow": null, "eta": null, "expires": null, "group": null, "group_index": null, "retries": 0, "timelimit": [null, null], "root_id": "1d9dbd88-6399-45bb-b4b5-238cabbd32c2", "parent_id": null, "argsrepr": "([11],)", "kwargsrepr": "{}", "origin": "gen29@16b56ae51be6", "ignore_result": true, "replaced_task_nesting": 0, "stamped_headers": null, "stamps": {}, "request_ids": "49b64a0d-de71-4d75-a5cf-33489b0edad2"}, "properties": {"correlation_id": "1d9dbd88-6399-45bb-b4b5-238cabbd32c2", "reply_to": "b84347c9-5347-32ba-b96a-9f2347c24554", "delivery_mode": 2, "delivery_info": {"exchange": "", "routing_key": "tasks"}, "priority": 0, "body_encoding": "base64", "delivery_tag": "4f2ebf83-f88b-412a-a90a-634d1289a5b3"}}
-- tasks {"body": "W1tbMTJdXSwge30sIHsiY2FsbGJhY2tzIjogbnVsbCwgImVycmJhY2tzIjogbnVsbCwgImNoYWluIjogbnVsbCwgImNob3JkIjogbnVsbH1d", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"lang": "py", "task": "arithmetic.run", "id": "b78252af-7d10-4708-8a12-78f7755b9cb6", "shadow": null, "eta": null, "expires": null, "group": null, "group_index": null, "retries": 0, "timelimit": [null, null], "root_id": "b78252af-7d10-4708-8a12-78f7755b9cb6", "parent_id": null, "argsrepr": "([12],)", "kwargsrepr": "{}", "origin": "gen28@16b56ae51be6", "ignore_result": true, "replaced_task_nesting": 0, "stamped_headers": null, "stamps": {}, "request_ids": "97cb8412-f6a3-4282-bb32-4a5c55c58623"}, "properties": {"correlation_id": "b78252af-7d10-4708-8a12-78f7755b9cb6", "reply_to": "893f32e7-f18a-3940-97bc-cc812927f9e6", "delivery_mode": 2, "delivery_info": {"exchange": "", "routing_key": "tasks"}, "priority": 0, "body_encoding": "base64", "delivery_tag": "26ddb3a7-4981-480e-a2b4-a63cae412ac5"}}
-- batches {"body": "W1tbMTMsIDE0LCAxNV1dLCB7fSwgeyJjYWxsYmFja3MiOiBudWxsLCAiZXJyYmFja3MiOiBudWxsLCAiY2hhaW4iOiBudWxsLCAiY2hvcmQiOiBudWxsfV0=", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"lang": "py", "task": "arithmetic.run", "id": "a9264fac-1f3c-4c3b-a611-2deb6b22fc84", "shadow": null, "eta": null, "expires": null, "group": null, "group_index": null, "retries": 0, "timelimit": [null, null], "root_id": "a9264fac-1f3c-4c3b-a611-2deb6b22fc84", "parent_id": null, "argsrepr": "([13, 14, 15],)", "kwargsrepr": "{}", "origin": "gen29@16b56ae51be6", "ignore_result": true, "replaced_task_nesting": 0, "stamped_headers": null, "stamps": {}, "request_ids": "c0e153d7-0d8d-4f97-9f14-26d5db076ce5"}, "properties": {"correlation_id": "a9264fac-1f3c-4c3b-a611-2deb6b22fc84", "reply_to": "b84347c9-5347-32ba-b96a-9f2347c24554", "delivery_mode": 2, "delivery_info": {"exchange": "", "routing_key": "batches"}, "priority": 0, "body_encoding": "base64", "delivery_tag": "62523d98-d6a4-4745-a636-93fe302c86ef"}}
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;
DROP TABLE IF EXISTS `auth_group`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `auth_group` (
  `id` int NOT NULL AUTO_INCREMENT,
  `name` varchar(150) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

DROP TABLE IF EXISTS `auth_group_permissions`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `auth_group_permissions` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `group_id` int NOT NULL,
  `permission_id` int NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_group_permissions_group_id_permission_id_0cd325b0_uniq` (`group_id`,`permission_id`),
  KEY `auth_group_permissio_permission_id_84c5c92e_fk_auth_perm` (`permission_id`),
  CONSTRAINT `auth_group_permissio_permission_id_84c5c92e_fk_auth_perm` FOREIGN KEY (`permission_id`) REFERENCES `auth_permission` (`id`),
  CONSTRAINT `auth_group_permissions_group_id_b120cbf9_fk_auth_group_id` FOREIGN KEY (`group_id`) REFERENCES `auth_group` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

DROP TABLE IF EXISTS `auth_permission`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `auth_permission` (
  `id` int NOT NULL AUTO_INCREMENT,
  `name` varchar(255) NOT NULL,
  `content_type_id` int NOT NULL,
  `codename` varchar(100) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_permission_content_type_id_codename_01ab375a_uniq` (`content_type_id`,`codename`),
  CONSTRAINT `auth_permission_content_type_id_2f476e4b_fk_django_co` FOREIGN KEY (`content_type_id`) REFERENCES `django_content_type` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=49 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

INSERT INTO `auth_permission` VALUES (1,'Can add batch',1,'add_batch'),(2,'Can change batch',1,'change_batch'),(3,'Can delete batch',1,'delete_batch'),(4,'Can view batch',1,'view_batch'),(5,'Can add worker',2,'add_worker'),(6,'Can change worker',2,'change_worker'),(7,'Can delete worker',2,'delete_worker'),(8,'Can view worker',2,'view_worker'),(9,'Can add task',3,'add_mathtask'),(10,'Can change task',3,'change_mathtask'),(11,'Can delete task',3,'delete_mathtask'),(12,'Can view task',3,'view_mathtask'),(13,'Can add task result',4,'add_taskresult'),(14,'Can change task result',4,'change_taskresult'),(15,'Can delete task result',4,'delete_taskresult'),(16,'Can view task result',4,'view_taskresult'),(17,'Can add chord counter',5,'add_chordcounter'),(18,'Can change chord counter',5,'change_chordcounter'),(19,'Can delete chord counter',5,'delete_chordcounter'),(20,'Can view chord counter',5,'view_chordcounter'),(21,'Can add group result',6,'add_groupresult'),(22,'Can change group result',6,'change_groupresult'),(23,'Can delete group result',6,'delete_groupresult'),(24,'Can view group result',6,'view_groupresult'),(25,'Can add log entry',7,'add_logentry'),(26,'Can change log entry',7,'change_logentry'),(27,'Can delete log entry',7,'delete_logentry'),(28,'Can view log entry',7,'view_logentry'),(29,'Can add content type',8,'add_contenttype'),(30,'Can change content type',8,'change_contenttype'),(31,'Can delete content type',8,'delete_contenttype'),(32,'Can view content type',8,'view_contenttype'),(33,'Can add permission',9,'add_permission'),(34,'Can change permission',9,'change_permission'),(35,'Can delete permission',9,'delete_permission'),(36,'Can view permission',9,'view_permission'),(37,'Can add group',10,'add_group'),(38,'Can change group',10,'change_group'),(39,'Can delete group',10,'delete_group'),(40,'Can view group',10,'view_group'),(41,'Can add user',11,'add_user'),(42,'Can change user',11,'change_user'),(43,'Can delete user',11,'delete_user'),(44,'Can view user',11,'view_user'),(45,'Can add session',12,'add_session'),(46,'Can change session',12,'change_session'),(47,'Can delete session',12,'delete_session'),(48,'Can view session',12,'view_session');
DROP TABLE IF EXISTS `auth_user`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `auth_user` (
  `id` int NOT NULL AUTO_INCREMENT,
  `password` varchar(128) NOT NULL,
  `last_login` datetime(6) DEFAULT NULL,
  `is_superuser` tinyint(1) NOT NULL,
  `username` varchar(150) NOT NULL,
  `first_name` varchar(150) NOT NULL,
  `last_name` varchar(150) NOT NULL,
  `email` varchar(254) NOT NULL,
  `is_staff` tinyint(1) NOT NULL,
  `is_active` tinyint(1) NOT NULL,
  `date_joined` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `username` (`username`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

DROP TABLE IF EXISTS `auth_user_groups`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `auth_user_groups` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `user_id` int NOT NULL,
  `group_id` int NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_user_groups_user_id_group_id_94350c0c_uniq` (`user_id`,`group_id`),
  KEY `auth_user_groups_group_id_97559544_fk_auth_group_id` (`group_id`),
  CONSTRAINT `auth_user_groups_group_id_97559544_fk_auth_group_id` FOREIGN KEY (`group_id`) REFERENCES `auth_group` (`id`),
  CONSTRAINT `auth_user_groups_user_id_6a12ed8b_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

DROP TABLE IF EXISTS `auth_user_user_permissions`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `auth_user_user_permissions` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `user_id` int NOT NULL,
  `permission_id` int NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_user_user_permissions_user_id_permission_id_14a6b632_uniq` (`user_id`,`permission_id`),
  KEY `auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm` (`permission_id`),
  CONSTRAINT `auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm` FOREIGN KEY (`permission_id`) REFERENCES `auth_permission` (`id`),
  CONSTRAINT `auth_user_user_permissions_user_id_a95ead1b_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

DROP TABLE IF EXISTS `batch`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `batch` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `total` int unsigned NOT NULL,
  `idempotency_key` varchar(64) DEFAULT NULL,
  `fingerprint` varchar(64) NOT NULL,
  `create_time` datetime(6) NOT NULL DEFAULT (now(6)),
  PRIMARY KEY (`id`),
  UNIQUE KEY `idempotency_key` (`idempotency_key`),
  CONSTRAINT `batch_chk_1` CHECK ((`total` >= 0))
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

INSERT INTO `batch` VALUES (1,3,'717d911266ca8284ba2cbbf2e716e31b221f26febae8b5f6c1eaa1ad3e0e2d14','3229d82ce780572b319a30f44ab595c5bd9702acd26401d0ef97461f0d993187','2026-11-24 17:21:22.803049'),(2,3,'a3faf7192280fc57f7635f7f59dc65f5298744645c63c56e7476a0891bf99620','fccf153ce9ff3077edfdbe3ca3b98d51c9c92d8c679d1c44efdc48ee6c6aaf2f','2026-11-24 17:21:35.389845');
DROP TABLE IF EXISTS `django_admin_log`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `django_admin_log` (
  `id` int NOT NULL AUTO_INCREMENT,
  `action_time` datetime(6) NOT NULL,
  `object_id` longtext,
  `object_repr` varchar(200) NOT NULL,
  `action_flag` smallint unsigned NOT NULL,
  `change_message` longtext NOT NULL,
  `content_type_id` int DEFAULT NULL,
  `user_id` int NOT NULL,
  PRIMARY KEY (`id`),
  KEY `django_admin_log_content_type_id_c4bce8eb_fk_django_co` (`content_type_id`),
  KEY `django_admin_log_user_id_c564eba6_fk_auth_user_id` (`user_id`),
  CONSTRAINT `django_admin_log_content_type_id_c4bce8eb_fk_django_co` FOREIGN KEY (`content_type_id`) REFERENCES `django_content_type` (`id`),
  CONSTRAINT `django_admin_log_user_id_c564eba6_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`),
  CONSTRAINT `django_admin_log_chk_1` CHECK ((`action_flag` >= 0))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

DROP TABLE IF EXISTS `django_celery_results_chordcounter`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `django_celery_results_chordcounter` (
  `id` int NOT NULL AUTO_INCREMENT,
  `group_id` varchar(191) NOT NULL,
  `sub_tasks` longtext NOT NULL,
  `count` int unsigned NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `group_id` (`group_id`),
  CONSTRAINT `django_celery_results_chordcounter_chk_1` CHECK ((`count` >= 0))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

DROP TABLE IF EXISTS `django_celery_results_groupresult`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `django_celery_results_groupresult` (
  `id` int NOT NULL AUTO_INCREMENT,
  `group_id` varchar(191) NOT NULL,
  `date_created` datetime(6) NOT NULL,
  `date_done` datetime(6) NOT NULL,
  `content_type` varchar(128) NOT NULL,
  `content_encoding` varchar(64) NOT NULL,
  `result` longtext,
  PRIMARY KEY (`id`),
  UNIQUE KEY `group_id` (`group_id`),
  KEY `django_cele_date_cr_bd6c1d_idx` (`date_created`),
  KEY `django_cele_date_do_caae0e_idx` (`date_done`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

DROP TABLE IF EXISTS `django_celery_results_taskresult`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `django_celery_results_taskresult` (
  `id` int NOT NULL AUTO_INCREMENT,
  `task_id` varchar(191) NOT NULL,
  `status` varchar(50) NOT NULL,
  `content_type` varchar(128) NOT NULL,
  `content_encoding` varchar(64) NOT NULL,
  `result` longtext,
  `date_done` datetime(6) NOT NULL,
  `traceback` longtext,
  `meta` longtext,
  `task_args` longtext,
  `task_kwargs` longtext,
  `task_name` varchar(191) DEFAULT NULL,
  `worker` varchar(100) DEFAULT NULL,
  `date_created` datetime(6) NOT NULL,
  `periodic_task_name` varchar(255) DEFAULT NULL,
  `date_started` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `task_id` (`task_id`),
  KEY `django_cele_task_na_08aec9_idx` (`task_name`),
  KEY `django_cele_status_9b6201_idx` (`status`),
  KEY `django_cele_worker_d54dd8_idx` (`worker`),
  KEY `django_cele_date_cr_f04a50_idx` (`date_created`),
  KEY `django_cele_date_do_f59aad_idx` (`date_done`),
  KEY `django_cele_periodi_1993cf_idx` (`periodic_task_name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

DROP TABLE IF EXISTS `django_content_type`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `django_content_type` (
  `id` int NOT NULL AUTO_INCREMENT,
  `app_label` varchar(100) NOT NULL,
  `model` varchar(100) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `django_content_type_app_label_model_76bd3d3b_uniq` (`app_label`,`model`)
) ENGINE=InnoDB AUTO_INCREMENT=13 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

INSERT INTO `django_content_type` VALUES (7,'admin','logentry'),(1,'arithmetic','batch'),(3,'arithmetic','mathtask'),(2,'arithmetic','worker'),(10,'auth','group'),(9,'auth','permission'),(11,'auth','user'),(8,'contenttypes','contenttype'),(5,'django_celery_results','chordcounter'),(6,'django_celery_results','groupresult'),(4,'django_celery_results','taskresult'),(12,'sessions','session');
DROP TABLE IF EXISTS `django_migrations`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `django_migrations` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `app` varchar(255) NOT NULL,
  `name` varchar(255) NOT NULL,
  `applied` datetime(6) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=35 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

INSERT INTO `django_migrations` VALUES (1,'contenttypes','0001_initial','2026-11-24 17:21:12.840001'),(2,'auth','0001_initial','2026-11-24 17:21:13.534895'),(3,'admin','0001_initial','2026-11-24 17:21:13.828720'),(4,'admin','0002_logentry_remove_auto_add','2026-11-24 17:21:13.840748'),(5,'admin','0003_logentry_add_action_flag_choices','2026-11-24 17:21:13.856113'),(6,'arithmetic','0001_initial','2026-11-24 17:21:14.071500'),(7,'arithmetic','0002_no_sweep_index','2026-11-24 17:21:14.089409'),(8,'contenttypes','0002_remove_content_type_name','2026-11-24 17:21:14.156590'),(9,'auth','0002_alter_permission_name_max_length','2026-11-24 17:21:14.184395'),(10,'auth','0003_alter_user_email_max_length','2026-11-24 17:21:14.196410'),(11,'auth','0004_alter_user_username_opts','2026-11-24 17:21:14.202091'),(12,'auth','0005_alter_user_last_login_null','2026-11-24 17:21:14.239486'),(13,'auth','0006_require_contenttypes_0002','2026-11-24 17:21:14.243411'),(14,'auth','0007_alter_validators_add_error_messages','2026-11-24 17:21:14.254498'),(15,'auth','0008_alter_user_username_max_length','2026-11-24 17:21:14.279272'),(16,'auth','0009_alter_user_last_name_max_length','2026-11-24 17:21:14.304193'),(17,'auth','0010_alter_group_name_max_length','2026-11-24 17:21:14.319927'),(18,'auth','0011_update_proxy_permissions','2026-11-24 17:21:14.326177'),(19,'auth','0012_alter_user_first_name_max_length','2026-11-24 17:21:14.352957'),(20,'django_celery_results','0001_initial','2026-11-24 17:21:14.373011'),(21,'django_celery_results','0002_add_task_name_args_kwargs','2026-11-24 17:21:14.425440'),(22,'django_celery_results','0003_auto_20181106_1101','2026-11-24 17:21:14.428406'),(23,'django_celery_results','0004_auto_20190516_0412','2026-11-24 17:21:14.480215'),(24,'django_celery_results','0005_taskresult_worker','2026-11-24 17:21:14.503790'),(25,'django_celery_results','0006_taskresult_date_created','2026-11-24 17:21:14.535436'),(26,'django_celery_results','0007_remove_taskresult_hidden','2026-11-24 17:21:14.566529'),(27,'django_celery_results','0008_chordcounter','2026-11-24 17:21:14.574615'),(28,'django_celery_results','0009_groupresult','2026-11-24 17:21:14.785031'),(29,'django_celery_results','0010_remove_duplicate_indices','2026-11-24 17:21:14.790474'),(30,'django_celery_results','0011_taskresult_periodic_task_name','2026-11-24 17:21:14.823591'),(31,'django_celery_results','0012_taskresult_date_started','2026-11-24 17:21:14.842401'),(32,'django_celery_results','0013_taskresult_django_cele_periodi_1993cf_idx','2026-11-24 17:21:14.854646'),(33,'django_celery_results','0014_alter_taskresult_status','2026-11-24 17:21:14.857120'),(34,'sessions','0001_initial','2026-11-24 17:21:14.872148');
DROP TABLE IF EXISTS `django_session`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `django_session` (
  `session_key` varchar(40) NOT NULL,
  `session_data` longtext NOT NULL,
  `expire_date` datetime(6) NOT NULL,
  PRIMARY KEY (`session_key`),
  KEY `django_session_expire_date_a5c62663` (`expire_date`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

DROP TABLE IF EXISTS `math_task`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `math_task` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `task_type` varchar(32) NOT NULL,
  `x` varchar(48) NOT NULL,
  `y` varchar(48) NOT NULL,
  `result` varchar(48) NOT NULL,
  `status` varchar(16) NOT NULL,
  `error` varchar(255) NOT NULL,
  `attempts` smallint unsigned NOT NULL,
  `worker` varchar(80) NOT NULL,
  `queue` varchar(16) NOT NULL,
  `idempotency_key` varchar(64) DEFAULT NULL,
  `create_time` datetime(6) NOT NULL DEFAULT (now(6)),
  `start_time` datetime(6) DEFAULT NULL,
  `update_time` datetime(6) NOT NULL DEFAULT (now(6)),
  `batch_id` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `idempotency_key` (`idempotency_key`),
  KEY `math_task_status` (`status`),
  KEY `math_task_task_type` (`task_type`),
  KEY `math_task_batch` (`batch_id`),
  KEY `math_task_batch_status` (`batch_id`,`status`),
  KEY `math_task_update_time` (`update_time`),
  CONSTRAINT `math_task_chk_1` CHECK ((`attempts` >= 0))
) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

INSERT INTO `math_task` VALUES (1,'add','0.1','0.2','0.3','success','',1,'efcad6da6fc1-51ed/32','tasks','546e323fc4c9dfdc50689e1f2f2b1ae5301df0069e6b0ae50d20130b48e2b4df','2026-11-24 17:21:22.645455','2026-11-24 17:21:22.689878','2026-11-24 17:21:22.705876',NULL),(2,'multiply','2','21','42','success','',1,'efcad6da6fc1-51ed/32','tasks','363fb2749560b2788a22e157e8316d0771fe935a4a6f225972b27f3f4646b6ff','2026-11-24 17:21:22.722014','2026-11-24 17:21:22.746243','2026-11-24 17:21:22.755379',NULL),(3,'divide','1','0','','failed','Division by zero has no result.',1,'efcad6da6fc1-51ed/32','tasks','2637bca7224b99f37bc59ecebca5af800628aa360c4fd77d6d08363756fdcb4c','2026-11-24 17:21:22.754360','2026-11-24 17:21:22.799963','2026-11-24 17:21:22.803714',NULL),(4,'add','1','1','2','success','',1,'efcad6da6fc1-51ed/32','batches',NULL,'2026-11-24 17:21:22.807187','2026-11-24 17:21:22.874899','2026-11-24 17:21:22.919898',1),(5,'divide','1','0','','failed','Division by zero has no result.',1,'efcad6da6fc1-51ed/32','batches',NULL,'2026-11-24 17:21:22.807187','2026-11-24 17:21:22.874899','2026-11-24 17:21:22.922134',1),(6,'minus','7','2','5','success','',1,'efcad6da6fc1-51ed/32','batches',NULL,'2026-11-24 17:21:22.807187','2026-11-24 17:21:22.874899','2026-11-24 17:21:22.919898',1),(7,'power','2','3','','failed','There is no operation power any more.',1,'efcad6da6fc1-51ed/25','tasks',NULL,'2026-11-24 17:21:23.482931','2026-11-24 17:21:29.080449','2026-11-24 17:21:29.086151',NULL),(8,'add','6','6','','failed','Its worker died or ran out of time, 5 times in a row. The task is not tried again.',5,'dead-0000/7','tasks',NULL,'2026-11-24 17:21:23.482931',NULL,'2026-11-24 17:21:24.426368',NULL),(9,'add','1','1','','pending','',1,'870e764638b6-e0e5/20','tasks','261f9bdc35b413ccde88b69f4379410af0a2c8231964fe3f043f601c6718fa42','2026-11-24 17:21:33.719542','2026-11-24 17:21:35.225012','2026-11-24 17:21:35.225012',NULL),(10,'add','2','2','','pending','',1,'870e764638b6-e0e5/19','tasks','e46c9cd53ace42ca9c1baab38f0cb4f8d11a1fa3ba7f715d3858b7f3ce6b1c62','2026-11-24 17:21:33.739566','2026-11-24 17:21:35.224359','2026-11-24 17:21:35.224359',NULL),(11,'add','3','3','','created','',0,'','tasks','e45e5b1cbfe4a35d3e687d80e33ce802781dce7b1aa4cd4d9d8c6ccdaf86b200','2026-11-24 17:21:35.343162',NULL,'2026-11-24 17:21:35.343162',NULL),(12,'add','4','4','','created','',0,'','tasks','bf9d635698388ecbfb4a9613d388e21e1aa54814eef48890d8dfd69233ab4bbc','2026-11-24 17:21:35.359917',NULL,'2026-11-24 17:21:35.359917',NULL),(13,'add','10','1','','created','',0,'','batches',NULL,'2026-11-24 17:21:35.397506',NULL,'2026-11-24 17:21:35.397506',2),(14,'add','20','1','','created','',0,'','batches',NULL,'2026-11-24 17:21:35.397506',NULL,'2026-11-24 17:21:35.397506',2),(15,'add','30','1','','pending','',1,'dead-0000/8','batches',NULL,'2026-11-24 17:21:35.397506','2026-11-24 17:21:37.478978','2026-11-24 17:21:37.478978',2),(16,'add','5','5','','cancelled','',0,'','tasks','7cf63cb188a6bfb9a9dd4fcd8bf54f8dd5edc872b7371593e70932f704a6cdb9','2026-11-24 17:21:35.786354',NULL,'2026-11-24 17:21:36.478533',NULL);
DROP TABLE IF EXISTS `worker`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `worker` (
  `name` varchar(64) NOT NULL,
  `pids` json NOT NULL,
  `since_time` datetime(6) NOT NULL DEFAULT (now(6)),
  `beat_time` datetime(6) NOT NULL DEFAULT (now(6)),
  `consuming` tinyint(1) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

