-- A small schema with what larger ones have somewhere; script/schemas reads folders in the order of their files.
ALTER DATABASE :"DBNAME" SET search_path = public, "Odd Names";
CREATE SCHEMA "Odd Names";
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'glad');
CREATE DOMAIN code AS text CHECK (VALUE ~ '^[a-z]{2}[0-9]+$' OR length(VALUE) = 40);
CREATE DOMAIN state AS text NOT NULL CHECK (VALUE IN ('new', 'done'));
CREATE TYPE place AS (street text, number int, moods mood[]);
