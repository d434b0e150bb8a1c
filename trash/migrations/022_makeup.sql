-- Labels of enums and attributes of composite types are renamed, dropped and added while values lie in
-- the trash as text: each form keeps what its types were made of.
ALTER TABLE {schema}.shape ADD makeup text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN {schema}.shape.makeup IS
    'per position: type, kind, and per part its number, name now, text then, and what is inside';
