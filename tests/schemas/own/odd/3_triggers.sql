CREATE TABLE audit (id bigserial PRIMARY KEY, what text, of text);
CREATE FUNCTION audited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit (what, of) VALUES (TG_OP, coalesce(NEW.id, OLD.id));
  RETURN NULL;
END $$;
CREATE TRIGGER audited AFTER INSERT OR DELETE ON client FOR EACH ROW EXECUTE FUNCTION audited();
CREATE TABLE quiet (id int PRIMARY KEY, client int REFERENCES client);
CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('trashd.action', true) = 'restore' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'only with triggers off';
END $$;
CREATE TRIGGER refused BEFORE INSERT ON quiet FOR EACH ROW EXECUTE FUNCTION refused();
