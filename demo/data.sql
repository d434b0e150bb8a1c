-- Rows for the demo, the same on every load. Ids are readable: the fourth part names the table
-- (8000 project, 8001 client, 8002 user, ...), the last one is the number of the row.
-- Project 42 is the biggest; user 30 is new and has no time, no project and no department.

CREATE FUNCTION pg_temp.key(kind integer, n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS
$$ SELECT ('00000000-0000-4000-8' || lpad(kind::text, 3, '0') || '-'
          || lpad(n::text, 12, '0'))::uuid $$;
-- A number from 0 to below - 1 that looks random and depends on its arguments alone.
CREATE FUNCTION pg_temp.pick(salt text, n bigint, below integer) RETURNS integer IMMUTABLE
LANGUAGE sql AS
$$ SELECT (('x' || substr(md5(salt || n), 1, 8))::bit(32)::bigint % below)::integer $$;
CREATE FUNCTION pg_temp.word(salt text, n bigint, words text[]) RETURNS text IMMUTABLE
LANGUAGE sql AS
$$ SELECT words[1 + pg_temp.pick(salt, n, cardinality(words))] $$;
-- The first instant of the demo plus so many minutes; hours, not days, so no time zone matters.
CREATE FUNCTION pg_temp.at(minutes bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql AS
$$ SELECT to_timestamp(1736146800 + 60 * minutes) $$;

INSERT INTO public.external_system (id, "createdAt", "updatedAt", name, "integrationPlugin")
SELECT pg_temp.key(19, n), pg_temp.at(0), pg_temp.at(0),
       (ARRAY['Tracker', 'Repository', 'Accounting', 'Calendar', 'Help desk'])[n],
       (ARRAY['tracker', 'repository', 'accounting', 'calendar', NULL])[n]
FROM generate_series(1, 5) n;

INSERT INTO public."user" (id, "createdAt", "updatedAt", email, "firstName", "lastName",
    "nickName", phone, position, active, admin, "projectManager", confirmed, "confirmedEmail",
    created, language, "dateFormat", "timeFormat", "timeZone", "weekStart", "workingTimeStart",
    "workingTimeEnd", "birthdayRemind")
SELECT pg_temp.key(2, n), pg_temp.at(n * 7), pg_temp.at(n * 7),
       lower(f.name) || '.' || translate(lower(l.name), 'áéíóúýčďěňřšťžůü', 'aeiouycdenrstzuu')
           || '@agency.example',
       f.name, l.name, CASE WHEN n % 3 = 0 THEN left(f.name, 3) END,
       '+420 600 000 ' || lpad(n::text, 3, '0'),
       pg_temp.word('position', n, ARRAY['Developer', 'Designer', 'Tester', 'Consultant']),
       n <> 29, n <= 2, n % 6 = 1, true, n <> 30, pg_temp.at(n * 7),
       pg_temp.word('language', n, ARRAY['en', 'cs', 'de']),
       pg_temp.word('date', n, ARRAY['yyyy-MM-dd', 'dd.MM.yyyy', 'MM/dd/yyyy']),
       pg_temp.word('time', n, ARRAY['HH:mm', 'h:mm a']),
       pg_temp.word('zone', n, ARRAY['Europe/Prague', 'Europe/London', 'America/New_York', 'UTC']),
       CASE WHEN n % 5 = 0 THEN 7 ELSE 1 END, '08:30', '17:00',
       CASE WHEN n % 4 = 0 THEN date '2025-03-01' + n::integer * 3 END
FROM unnest(ARRAY['Adam', 'Beata', 'Cyril', 'Dana', 'Emil', 'Flora', 'George', 'Hana', 'Ivan',
         'Julia', 'Karel', 'Laura', 'Martin', 'Nina', 'Oscar', 'Petra', 'Quentin', 'Rita', 'Simon',
         'Tereza', 'Ulrich', 'Vera', 'Walter', 'Xenia', 'Yvonne', 'Zdenek', 'Alice', 'Bruno',
         'Clara', 'David']) WITH ORDINALITY f(name, n)
JOIN unnest(ARRAY['Novák', 'Smith', 'Müller', 'Dvořák', 'Brown', 'Kučera', 'Taylor', 'Fischer',
         'Procházka', 'Wilson', 'Veselý', 'Weber', 'Horák', 'Evans', 'Němec', 'Becker', 'Marek',
         'Walker', 'Pokorný', 'Hoffmann', 'Růžička', 'Wright', 'Beneš', 'Wagner', 'Fiala',
         'Green', 'Sedláček', 'Koch', 'Doležal', 'Baker']) WITH ORDINALITY l(name, n) USING (n);

INSERT INTO public.client (id, "createdAt", "updatedAt", code, name, active, "streetAddress",
    "additionalAddressInfo", "zipCode", city, "countryCode", "vatId", email, phone, website,
    "consentTill", "externalSystem", "externalResourceId", "externalSyncedAt")
SELECT pg_temp.key(1, n), pg_temp.at(n * 11), pg_temp.at(n * 11), 'C' || lpad(n::text, 3, '0'),
       c.name, n % 12 <> 0,
       pg_temp.word('street', n,
               ARRAY['Long Street ', 'Market Square ', 'River Bank ', 'Hill Road '])
           || 1 + pg_temp.pick('house', n, 90),
       CASE WHEN n % 7 = 0 THEN 'Second floor' END,
       lpad((10000 + pg_temp.pick('zip', n, 80000))::text, 5, '0'),
       pg_temp.word('city', n, ARRAY['Prague', 'Brno', 'Vienna', 'Berlin', 'London', 'Lyon']),
       pg_temp.word('city', n, ARRAY['CZE', 'CZE', 'AUT', 'DEU', 'GBR', 'FRA']),
       'VAT' || 10000000 + n * 7919, 'office@' || c.host, '+420 700 100 ' || lpad(n::text, 3, '0'),
       'https://www.' || c.host, CASE WHEN n % 4 = 0 THEN date '2027-01-01' + n * 9 END,
       CASE WHEN n % 5 = 0 THEN pg_temp.key(19, 3) END,
       CASE WHEN n % 5 = 0 THEN 'ACC-' || n END,
       CASE WHEN n % 5 = 0 THEN pg_temp.at(n * 11 + 30) END
FROM generate_series(1, 60) n
CROSS JOIN LATERAL (
    SELECT (ARRAY['Amber', 'Birch', 'Cedar', 'Delta', 'Ember', 'Fjord', 'Granite', 'Harbour',
                  'Iris', 'Juniper', 'Kestrel', 'Linden'])[1 + (n - 1) % 12] AS head,
           (ARRAY['Foods', 'Logistics', 'Press', 'Energy', 'Travel'])[1 + (n - 1) / 12] AS tail) w
CROSS JOIN LATERAL (
    SELECT head || ' ' || tail AS name, lower(head || '-' || tail) || '.example' AS host) c;

INSERT INTO public.contact_person (id, "createdAt", "updatedAt", client, "firstName", "lastName",
    "jobTitle", email, phone)
SELECT pg_temp.key(7, n), pg_temp.at(n * 13), pg_temp.at(n * 13), pg_temp.key(1, 1 + (n - 1) / 2),
       w.first, w.last,
       pg_temp.word('job', n, ARRAY['Accountant', 'Director', 'Buyer', 'Office manager']),
       lower(w.first || '.' || w.last) || n || '@contact.example',
       '+420 800 200 ' || lpad(n::text, 3, '0')
FROM generate_series(1, 120) n
CROSS JOIN LATERAL (
    SELECT pg_temp.word('first', n, ARRAY['Anna', 'Boris', 'Cecil', 'Dora', 'Erik', 'Greta']),
           pg_temp.word('last', n, ARRAY['Stone', 'Field', 'Rivers', 'Wood', 'Hill']))
    w(first, last);

INSERT INTO public.bill (id, "createdAt", "updatedAt", "docNumber", client, "contactPerson", author,
    draft, approved, "docDate", "vatDate", "dueDate", "lastPaymentDate", "vatMode", "vatText",
    description, header, footer, notes)
SELECT pg_temp.key(4, n), pg_temp.at(n * 1500), pg_temp.at(n * 1500),
       CASE WHEN NOT d.draft THEN '2025-' || lpad(n::text, 4, '0') END,
       pg_temp.key(1, d.client), CASE WHEN n % 6 <> 0 THEN pg_temp.key(7, d.client * 2 - n % 2) END,
       CASE WHEN n % 10 <> 0 THEN pg_temp.key(2, 1 + pg_temp.pick('author', n, 6)) END,
       d.draft, NOT d.draft AND n % 3 <> 0, d.issued, d.issued, d.issued + 14,
       CASE WHEN NOT d.draft AND n % 3 = 1 THEN d.issued + 10 END,
       (CASE WHEN n % 8 = 0 THEN 'NO_VAT' ELSE 'DECLARE_VAT' END)::public.vat_mode,
       CASE WHEN n % 8 = 0 THEN 'Reverse charge' END,
       'Services of month ' || to_char(d.issued, 'YYYY-MM'), 'Thank you for the order.',
       'Payable within 14 days.', CASE WHEN n % 9 = 0 THEN 'Sent by post as well' END
FROM generate_series(1, 180) n
CROSS JOIN LATERAL (SELECT 1 + (n - 1) % 60, n > 170, date '2025-01-31' + 2 * n)
    d(client, draft, issued);

INSERT INTO public.bill_item (id, "createdAt", "updatedAt", bill, "docIndex", attributes,
    "itemGroup", quantity, unit, "unitPrice", price)
SELECT pg_temp.key(5, i.n), pg_temp.at(b * 1500 + 5), pg_temp.at(b * 1500 + 5),
       pg_temp.key(4, b), k, 'project',
       pg_temp.word('group', i.n, ARRAY['Work', 'Travel', 'Material']),
       v.quantity, 'h', v.price, v.quantity * v.price
FROM generate_series(1, 180) b
CROSS JOIN LATERAL generate_series(1, 2 + pg_temp.pick('items', b, 5)) k
CROSS JOIN LATERAL (SELECT b * 10 + k) i(n)
CROSS JOIN LATERAL (
    SELECT (1 + pg_temp.pick('quantity', i.n, 160)) / 4.0,
           400 + 50 * pg_temp.pick('price', i.n, 20)) v(quantity, price);

INSERT INTO public.bill_vat (id, "createdAt", "updatedAt", bill, "vatRate", "vatPrice")
SELECT pg_temp.key(6, b * 10 + r.k), pg_temp.at(b * 1500 + 6), pg_temp.at(b * 1500 + 6),
       pg_temp.key(4, b), r.rate, round(s.price * r.share * r.rate / 100, 2)
FROM generate_series(1, 180) b
JOIN (SELECT bill, sum(price) FROM public.bill_item GROUP BY bill) s(bill, price)
    ON s.bill = pg_temp.key(4, b)
JOIN (VALUES (1, 21, 0.8), (2, 12, 0.2)) r(k, rate, share) ON b % 8 <> 0;

UPDATE public.bill b
SET "itemsPrice" = i.price, "totalPrice" = i.price + coalesce(v.price, 0)
FROM (SELECT bill, sum(price) FROM public.bill_item GROUP BY bill) i(bill, price)
LEFT JOIN (SELECT bill, sum("vatPrice") FROM public.bill_vat GROUP BY bill) v(bill, price)
    USING (bill)
WHERE b.id = i.bill;

INSERT INTO public.work_type (id, "createdAt", "updatedAt", code, name, category, active, effective,
    "externalSystem", "externalResourceId")
SELECT pg_temp.key(8, n), pg_temp.at(n), pg_temp.at(n), 'W' || n, name,
       (CASE WHEN n > 10 THEN 'BREAK' ELSE 'WORK' END)::public.work_category, n <> 10, n <= 10,
       CASE WHEN n = 1 THEN pg_temp.key(19, 1) END, CASE WHEN n = 1 THEN 'type/dev' END
FROM unnest(ARRAY['Development', 'Design', 'Testing', 'Analysis', 'Meeting', 'Support', 'Training',
         'Travel', 'Documentation', 'Typesetting', 'Lunch', 'Rest'])
     WITH ORDINALITY w(name, n);

INSERT INTO public.project (id, "createdAt", "updatedAt", code, name, client, owner, active,
    "autoMembership", personal, billable, effective, begins, ends, "timeBudget", "priceBudget",
    note, "externalSystem", "externalResourceId", "externalBrowsableUrl", "externalSyncedAt")
SELECT pg_temp.key(0, n), pg_temp.at(n * 17), pg_temp.at(n * 17), 'P' || lpad(n::text, 3, '0'),
       CASE n WHEN 42 THEN 'Website relaunch' WHEN 43 THEN 'Trade fair stand'
              ELSE pg_temp.word('what', n, ARRAY['Online shop', 'Mobile app', 'Newsletter',
                       'Annual report', 'Intranet', 'Brand book', 'Data migration', 'Campaign'])
                   || ' ' || n END,
       CASE WHEN n % 10 <> 9 THEN pg_temp.key(1, 1 + (n - 1) % 60) END,
       pg_temp.key(2, 1 + pg_temp.pick('owner', n, 12)), n % 15 <> 0, n % 20 = 0, n % 10 = 9,
       n % 10 <> 9, true, date '2025-01-06' + n, CASE WHEN n % 3 = 0 THEN date '2025-12-31' + n END,
       CASE WHEN n % 2 = 0 THEN 3600000::bigint * (40 + n) END,
       CASE WHEN n % 4 = 0 THEN 1000 * (20 + n) END,
       CASE WHEN n = 42 THEN 'New design, new content, same address.' END,
       CASE WHEN n % 6 = 0 THEN pg_temp.key(19, 2) END,
       CASE WHEN n % 6 = 0 THEN 'repo/' || n END,
       CASE WHEN n % 6 = 0 THEN 'https://code.example/repo/' || n END,
       CASE WHEN n % 6 = 0 THEN pg_temp.at(n * 17 + 60) END
FROM generate_series(1, 120) n;

INSERT INTO public.project_member (id, "createdAt", "updatedAt", project, "user")
SELECT pg_temp.key(11, p * 100 + u), pg_temp.at(p * 17 + 1), pg_temp.at(p * 17 + 1),
       pg_temp.key(0, p), pg_temp.key(2, u)
FROM generate_series(1, 120) p, generate_series(1, 30) u
WHERE (u + p * 7) % 30 < CASE WHEN p = 42 THEN 9 ELSE 2 + p % 5 END;

INSERT INTO public.project_work_type_link (id, "createdAt", "updatedAt", project, "workType")
SELECT pg_temp.key(10, p * 100 + w), pg_temp.at(p * 17 + 2), pg_temp.at(p * 17 + 2),
       pg_temp.key(0, p), pg_temp.key(8, w)
FROM generate_series(1, 120) p, generate_series(1, 12) w
WHERE (w + p) % 12 < CASE WHEN p = 42 THEN 6 ELSE 3 END;

INSERT INTO public.task (id, "createdAt", "updatedAt", code, name, project, author, owner, done,
    "timeBudget", "priceBudget", note, "externalSystem", "externalResourceId",
    "externalBrowsableUrl")
SELECT pg_temp.key(3, n), pg_temp.at(3000 + n * 19), pg_temp.at(3000 + n * 19), 'T' || n,
       pg_temp.word('verb', n, ARRAY['Prepare', 'Build', 'Check', 'Rewrite', 'Publish', 'Discuss'])
           || ' ' || pg_temp.word('thing', n, ARRAY['the home page', 'the price list', 'the menu',
                         'the pictures', 'the contact form', 'the search', 'the archive']),
       pg_temp.key(0, CASE WHEN n <= 40 THEN 42 WHEN n <= 60 THEN 43
                           ELSE 1 + (42 + pg_temp.pick('project', n, 119)) % 120 END),
       CASE WHEN n % 11 <> 0 THEN pg_temp.key(2, 1 + pg_temp.pick('author', n, 30)) END,
       CASE WHEN n % 4 <> 0 THEN pg_temp.key(2, 1 + pg_temp.pick('owner', n, 30)) END,
       n % 3 = 0, CASE WHEN n % 2 = 0 THEN 3600000::bigint * (1 + n % 16) END,
       CASE WHEN n % 8 = 0 THEN 500 * (1 + n % 16) END,
       CASE WHEN n % 10 = 0 THEN E'First line\nSecond line, "quoted"' END,
       CASE WHEN n % 5 = 0 THEN pg_temp.key(19, 1) END,
       CASE WHEN n % 5 = 0 THEN 'issue/' || n END,
       CASE WHEN n % 5 = 0 THEN 'https://tracker.example/issue/' || n END
FROM generate_series(1, 800) n;

INSERT INTO public.time_record (id, "createdAt", "updatedAt", description, "user", client, project,
    task, "workType", start, stop, duration, "recordType", approved, billable, billed, "unitPrice",
    price, "priceModified", "externalSystem", "externalResourceId", "externalSyncedAt")
SELECT pg_temp.key(9, n), pg_temp.at(r.stop), pg_temp.at(r.stop),
       CASE WHEN n % 4 <> 0 THEN pg_temp.word('did', n, ARRAY['Work: ', 'Finish: ', 'Review: '])
           || t.name END,
       pg_temp.key(2, 1 + pg_temp.pick('user', n, 29)), p.client, p.id,
       CASE WHEN n % 10 <> 0 THEN t.id END,
       CASE WHEN n % 13 <> 0 THEN pg_temp.key(8, 1 + pg_temp.pick('type', n, 10)) END,
       pg_temp.at(r.start), pg_temp.at(r.stop), (r.stop - r.start) * 60000,
       CASE WHEN n % 20 = 0 THEN 'ATTENDANCE'::public.time_record_type END,
       n % 3 <> 0, p.billable, p.billable AND n % 2 = 0, r.rate,
       round(r.rate * (r.stop - r.start) / 60.0, 2), n % 50 = 0,
       CASE WHEN n % 25 = 0 THEN pg_temp.key(19, 4) END,
       CASE WHEN n % 25 = 0 THEN 'event/' || n END,
       CASE WHEN n % 25 = 0 THEN pg_temp.at(r.stop + 5) END
FROM generate_series(1, 4000) n
JOIN public.task t ON t.id = pg_temp.key(3, CASE WHEN n <= 500 THEN 1 + n % 40
    WHEN n <= 560 THEN 41 + n % 20 ELSE 61 + pg_temp.pick('task', n, 740) END)
JOIN public.project p ON p.id = t.project
CROSS JOIN LATERAL (
    SELECT 1440::bigint * pg_temp.pick('day', n, 360) + 15 * pg_temp.pick('quarter', n, 28))
    b(start)
CROSS JOIN LATERAL (
    SELECT b.start, b.start + 15 * (1 + pg_temp.pick('length', n, 16)),
           400 + 50 * pg_temp.pick('rate', n, 13)) r(start, stop, rate);

INSERT INTO public.impulse (id, "createdAt", "updatedAt", description, "user", client, project,
    task, "workType", mode, source, start, duration, billable, "watchLast", "watchTimeout")
SELECT pg_temp.key(12, n), r.start, r.start, 'Running: ' || t.name,
       pg_temp.key(2, 1 + pg_temp.pick('runner', n, 29)), p.client, p.id, t.id,
       pg_temp.key(8, 1 + pg_temp.pick('kind', n, 10)),
       (CASE WHEN n % 4 = 0 THEN 'PAUSE' ELSE 'STOPWATCH' END)::public.impulse_mode,
       pg_temp.word('source', n, ARRAY['web', 'mobile', 'desktop']), r.start,
       CASE WHEN n % 4 = 0 THEN 60000::bigint * (1 + n % 90) END, p.billable,
       CASE WHEN n % 4 <> 0 THEN r.start + interval '10 minutes' END, 600000
FROM generate_series(1, 150) n
JOIN public.task t ON t.id = pg_temp.key(3, CASE WHEN n <= 8 THEN n WHEN n <= 10 THEN 32 + n
    ELSE 61 + pg_temp.pick('task', n, 740) END)
JOIN public.project p ON p.id = t.project
CROSS JOIN LATERAL (SELECT pg_temp.at(518400 + n * 3)) r(start);

INSERT INTO public.department (id, "createdAt", "updatedAt", name, manager)
SELECT pg_temp.key(13, n), pg_temp.at(n), pg_temp.at(n), name,
       CASE n WHEN 5 THEN NULL WHEN 6 THEN pg_temp.key(2, 30) ELSE pg_temp.key(2, n) END
FROM unnest(ARRAY['Development', 'Design', 'Sales', 'Accounting', 'Archive', 'Support'])
     WITH ORDINALITY d(name, n);

INSERT INTO public.department_member (id, "createdAt", "updatedAt", department, "user")
SELECT pg_temp.key(14, u * 10 + d), pg_temp.at(u * 7 + 1), pg_temp.at(u * 7 + 1),
       pg_temp.key(13, d), pg_temp.key(2, u)
FROM generate_series(1, 29) u, generate_series(1, 6) d
WHERE d = 1 + u % 6 OR u % 10 = 0 AND d = 1 + (u + 2) % 6;

INSERT INTO public.access (id, "createdAt", "updatedAt", "user", product, created)
SELECT pg_temp.key(15, u * 10 + k), pg_temp.at(u * 7), pg_temp.at(u * 7), pg_temp.key(2, u),
       product, pg_temp.at(u * 7)
FROM generate_series(1, 30) u,
     unnest(enum_range(NULL::public.product)) WITH ORDINALITY e(product, k)
WHERE k <= 2 OR k = 3 AND u <= 6 OR k = 4 AND u % 2 = 0;

INSERT INTO public.secret_key (id, "createdAt", "updatedAt", "user", name, "secretKey", expiration,
    "applicationId")
SELECT pg_temp.key(16, n), pg_temp.at(n * 9), pg_temp.at(n * 9), pg_temp.key(2, 1 + n % 30),
       pg_temp.word('device', n, ARRAY['Phone', 'Tablet', 'Script']), 'demo-' || md5('secret' || n),
       CASE WHEN n % 3 = 0 THEN pg_temp.at(1051200 + n) END,
       CASE WHEN n % 2 = 0 THEN 'app.example.timer' END
FROM generate_series(1, 45) n;

INSERT INTO public.spending_time_unit (id, "createdAt", "updatedAt", "user", "begin", "end",
    duration)
SELECT pg_temp.key(17, n), r.stop, r.stop, pg_temp.key(2, 1 + n % 30), r.start, r.stop,
       (480 - pg_temp.pick('break', n, 60)) * 60000::bigint
FROM generate_series(1, 300) n
CROSS JOIN LATERAL (
    SELECT pg_temp.at(1440 * (n / 30)), pg_temp.at(1440 * (n / 30) + 480)) r(start, stop);

DROP FUNCTION pg_temp.key(integer, bigint);
DROP FUNCTION pg_temp.pick(text, bigint, integer);
DROP FUNCTION pg_temp.word(text, bigint, text[]);
DROP FUNCTION pg_temp.at(bigint);
ANALYZE;
