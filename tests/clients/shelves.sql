-- What Sakila has not: a key of texts, and a CHECK that lists values.
CREATE TABLE shelf (
    shop text,
    code text,
    kind varchar(10) NOT NULL CHECK (kind IN ('wall', 'table')),
    width numeric(6,2),
    PRIMARY KEY (shop, code)
);
CREATE TABLE tag (name text PRIMARY KEY, note jsonb);
CREATE TABLE vault (id int PRIMARY KEY, film_id int REFERENCES film);
