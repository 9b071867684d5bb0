CREATE DATABASE reference;
GRANT ALL ON reference.* TO 'abacus'@'%';
