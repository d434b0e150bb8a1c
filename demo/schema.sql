-- The demo: projects, time and bills of a small agency, 19 resources as plain tables.
-- References that a delete follows are ON DELETE CASCADE, required ones beside them refuse
-- (NO ACTION), optional ones are set to null. Every referring column leads an index.

CREATE TYPE public.time_record_type AS ENUM ('ATTENDANCE');
CREATE TYPE public.vat_mode AS ENUM ('DECLARE_VAT', 'NO_VAT');
CREATE TYPE public.work_category AS ENUM ('WORK', 'BREAK');
CREATE TYPE public.impulse_mode AS ENUM ('STOPWATCH', 'PAUSE');
CREATE TYPE public.product AS ENUM ('CORE', 'TIME', 'BILLING', 'ATTENDANCE');

CREATE TABLE public.external_system (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt"         timestamptz DEFAULT now(),
    "updatedAt"         timestamptz DEFAULT now(),
    version             bigint NOT NULL DEFAULT 0,
    name                text,
    "integrationPlugin" text
);

CREATE TABLE public."user" (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt"        timestamptz DEFAULT now(),
    "updatedAt"        timestamptz DEFAULT now(),
    version            bigint NOT NULL DEFAULT 0,
    email              text NOT NULL UNIQUE CHECK (email ~ '^[^@\s]+@[^@\s]+$'),
    "firstName"        text,
    "lastName"         text,
    "nickName"         text,
    phone              text,
    position           text,
    active             boolean NOT NULL,
    admin              boolean NOT NULL,
    "projectManager"   boolean NOT NULL,
    confirmed          boolean,
    "confirmedEmail"   boolean,
    created            timestamptz NOT NULL DEFAULT now(),
    password           text,
    "secretKey"        text,
    language           text NOT NULL,
    "dateFormat"       text NOT NULL CHECK ("dateFormat" IN ('dd.MM.yyyy', 'MM/dd/yyyy',
                           'dd/MM/yyyy', 'yyyy-MM-dd', 'yyyy.MM.dd', 'yyyy/MM/dd')),
    "timeFormat"       text NOT NULL CHECK ("timeFormat" IN ('HH:mm', 'K:mm a', 'h:mm a',
                           'hh:mm a')),
    "timeZone"         text NOT NULL CHECK ("timeZone" ~ ('^((Africa|America|Asia|Atlantic|'
                           || 'Australia|Europe|Indian|Pacific)/.*|UTC|GMT)$')),
    "weekStart"        smallint NOT NULL CHECK ("weekStart" BETWEEN 1 AND 7),
    "workingTimeStart" time,
    "workingTimeEnd"   time,
    "birthdayRemind"   date
);

CREATE TABLE public.client (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt"             timestamptz DEFAULT now(),
    "updatedAt"             timestamptz DEFAULT now(),
    version                 bigint NOT NULL DEFAULT 0,
    code                    varchar(20),
    name                    text,
    active                  boolean DEFAULT true,
    "streetAddress"         text,
    "additionalAddressInfo" text,
    "zipCode"               text,
    city                    text,
    state                   text,
    "countryCode"           text CHECK ("countryCode" ~ '^[A-Z]{3}$'),
    "vatId"                 text,
    email                   text CHECK (email ~ '^[^@\s]+@[^@\s]+$'),
    phone                   text,
    website                 text,
    "consentTill"           date,
    "externalSystem"        uuid REFERENCES public.external_system ON DELETE SET NULL,
    "externalResourceId"    text,
    "externalBrowsableUrl"  text,
    "externalSynced"        boolean,
    "externalSyncedAt"      timestamptz
);
CREATE UNIQUE INDEX client_code_key ON public.client (lower(code)) WHERE code IS NOT NULL;
CREATE INDEX ON public.client ("externalSystem");

CREATE TABLE public.contact_person (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt" timestamptz DEFAULT now(),
    "updatedAt" timestamptz DEFAULT now(),
    version     bigint NOT NULL DEFAULT 0,
    client      uuid REFERENCES public.client ON DELETE CASCADE,
    "firstName" text,
    "lastName"  text,
    "jobTitle"  text,
    email       text CHECK (email ~ '^[^@\s]+@[^@\s]+$'),
    phone       text
);
CREATE INDEX ON public.contact_person (client);

CREATE TABLE public.bill (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt"       timestamptz DEFAULT now(),
    "updatedAt"       timestamptz DEFAULT now(),
    version           bigint NOT NULL DEFAULT 0,
    "docNumber"       text UNIQUE,
    client            uuid REFERENCES public.client ON DELETE CASCADE,
    "contactPerson"   uuid REFERENCES public.contact_person ON DELETE SET NULL,
    author            uuid REFERENCES public."user" ON DELETE SET NULL,
    draft             boolean,
    approved          boolean,
    "docDate"         date,
    "vatDate"         date,
    "dueDate"         date,
    "lastPaymentDate" date,
    "itemsPrice"      numeric(14, 2),
    "totalPrice"      numeric(14, 2),
    "vatMode"         public.vat_mode,
    "vatText"         text,
    description       text,
    header            text,
    footer            text,
    notes             text,
    "groupAttributes" text
);
CREATE INDEX ON public.bill (client);
CREATE INDEX ON public.bill ("contactPerson");
CREATE INDEX ON public.bill (author);

CREATE TABLE public.bill_item (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt" timestamptz DEFAULT now(),
    "updatedAt" timestamptz DEFAULT now(),
    version     bigint NOT NULL DEFAULT 0,
    bill        uuid NOT NULL REFERENCES public.bill ON DELETE CASCADE,
    "docIndex"  integer,
    attributes  text,
    "itemGroup" text,
    quantity    numeric(12, 2),
    unit        text,
    "unitPrice" numeric(14, 2),
    price       numeric(14, 2)
);
CREATE INDEX ON public.bill_item (bill);

CREATE TABLE public.bill_vat (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt" timestamptz DEFAULT now(),
    "updatedAt" timestamptz DEFAULT now(),
    version     bigint NOT NULL DEFAULT 0,
    bill        uuid NOT NULL REFERENCES public.bill ON DELETE CASCADE,
    "vatRate"   numeric(5, 2),
    "vatPrice"  numeric(14, 2)
);
CREATE INDEX ON public.bill_vat (bill);

CREATE TABLE public.work_type (
    id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt"            timestamptz DEFAULT now(),
    "updatedAt"            timestamptz DEFAULT now(),
    version                bigint NOT NULL DEFAULT 0,
    code                   varchar(20),
    name                   text,
    category               public.work_category,
    active                 boolean DEFAULT true,
    effective              boolean NOT NULL DEFAULT true,
    "externalSystem"       uuid REFERENCES public.external_system ON DELETE SET NULL,
    "externalResourceId"   text,
    "externalBrowsableUrl" text,
    "externalSynced"       boolean,
    "externalSyncedAt"     timestamptz
);
CREATE UNIQUE INDEX work_type_code_key ON public.work_type (lower(code)) WHERE code IS NOT NULL;
CREATE INDEX ON public.work_type ("externalSystem");

CREATE TABLE public.project (
    id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt"            timestamptz DEFAULT now(),
    "updatedAt"            timestamptz DEFAULT now(),
    version                bigint NOT NULL DEFAULT 0,
    code                   varchar(20),
    name                   text,
    client                 uuid REFERENCES public.client ON DELETE SET NULL,
    owner                  uuid NOT NULL REFERENCES public."user",
    active                 boolean DEFAULT true,
    "autoMembership"       boolean,
    personal               boolean,
    billable               boolean,
    effective              boolean NOT NULL DEFAULT true,
    begins                 date,
    ends                   date,
    "timeBudget"           bigint,
    "priceBudget"          numeric(14, 2),
    note                   text,
    "externalSystem"       uuid REFERENCES public.external_system ON DELETE SET NULL,
    "externalResourceId"   text,
    "externalBrowsableUrl" text,
    "externalSynced"       boolean,
    "externalSyncedAt"     timestamptz
);
CREATE UNIQUE INDEX project_code_key ON public.project (lower(code)) WHERE code IS NOT NULL;
CREATE INDEX ON public.project (client);
CREATE INDEX ON public.project (owner);
CREATE INDEX ON public.project ("externalSystem");

CREATE TABLE public.project_member (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt" timestamptz DEFAULT now(),
    "updatedAt" timestamptz DEFAULT now(),
    version     bigint NOT NULL DEFAULT 0,
    project     uuid NOT NULL REFERENCES public.project ON DELETE CASCADE,
    "user"      uuid NOT NULL REFERENCES public."user" ON DELETE CASCADE,
    UNIQUE (project, "user")
);
CREATE INDEX ON public.project_member ("user");

CREATE TABLE public.project_work_type_link (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt" timestamptz DEFAULT now(),
    "updatedAt" timestamptz DEFAULT now(),
    version     bigint NOT NULL DEFAULT 0,
    project     uuid NOT NULL REFERENCES public.project ON DELETE CASCADE,
    "workType"  uuid NOT NULL REFERENCES public.work_type ON DELETE CASCADE,
    UNIQUE (project, "workType")
);
CREATE INDEX ON public.project_work_type_link ("workType");

CREATE TABLE public.task (
    id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt"            timestamptz DEFAULT now(),
    "updatedAt"            timestamptz DEFAULT now(),
    version                bigint NOT NULL DEFAULT 0,
    code                   varchar(20),
    name                   text,
    project                uuid REFERENCES public.project ON DELETE CASCADE,
    author                 uuid REFERENCES public."user" ON DELETE SET NULL,
    owner                  uuid REFERENCES public."user" ON DELETE SET NULL,
    done                   boolean,
    effective              boolean NOT NULL DEFAULT true,
    "timeBudget"           bigint,
    "priceBudget"          numeric(14, 2),
    note                   text,
    "externalSystem"       uuid REFERENCES public.external_system ON DELETE SET NULL,
    "externalResourceId"   text,
    "externalBrowsableUrl" text,
    "externalSynced"       boolean,
    "externalSyncedAt"     timestamptz
);
CREATE INDEX ON public.task (project);
CREATE INDEX ON public.task (author);
CREATE INDEX ON public.task (owner);
CREATE INDEX ON public.task ("externalSystem");

CREATE TABLE public.time_record (
    id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt"            timestamptz DEFAULT now(),
    "updatedAt"            timestamptz DEFAULT now(),
    version                bigint NOT NULL DEFAULT 0,
    description            text,
    "user"                 uuid NOT NULL REFERENCES public."user",
    client                 uuid REFERENCES public.client ON DELETE SET NULL,
    project                uuid REFERENCES public.project ON DELETE CASCADE,
    task                   uuid REFERENCES public.task ON DELETE SET NULL,
    "workType"             uuid REFERENCES public.work_type ON DELETE SET NULL,
    start                  timestamptz,
    stop                   timestamptz,
    duration               bigint CHECK (duration >= 0),
    "recordType"           public.time_record_type,
    approved               boolean,
    billable               boolean,
    billed                 boolean,
    effective              boolean NOT NULL DEFAULT true,
    "unitPrice"            numeric(14, 2),
    price                  numeric(14, 2),
    "priceAutoCalculation" boolean,
    "priceModified"        boolean,
    "externalSystem"       uuid REFERENCES public.external_system ON DELETE SET NULL,
    "externalResourceId"   text,
    "externalBrowsableUrl" text,
    "externalSynced"       boolean,
    "externalSyncedAt"     timestamptz
);
CREATE INDEX ON public.time_record ("user");
CREATE INDEX ON public.time_record (client);
CREATE INDEX ON public.time_record (project);
CREATE INDEX ON public.time_record (task);
CREATE INDEX ON public.time_record ("workType");
CREATE INDEX ON public.time_record ("externalSystem");

CREATE TABLE public.impulse (
    id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt"            timestamptz DEFAULT now(),
    "updatedAt"            timestamptz DEFAULT now(),
    version                bigint NOT NULL DEFAULT 0,
    description            text,
    "user"                 uuid NOT NULL REFERENCES public."user",
    client                 uuid REFERENCES public.client ON DELETE SET NULL,
    project                uuid REFERENCES public.project ON DELETE CASCADE,
    task                   uuid REFERENCES public.task ON DELETE SET NULL,
    "workType"             uuid REFERENCES public.work_type ON DELETE SET NULL,
    mode                   public.impulse_mode,
    source                 text,
    start                  timestamptz,
    stop                   timestamptz,
    duration               bigint CHECK (duration >= 0),
    billable               boolean,
    "watchLast"            timestamptz,
    "watchTimeout"         bigint,
    "externalSystem"       uuid REFERENCES public.external_system ON DELETE SET NULL,
    "externalResourceId"   text,
    "externalBrowsableUrl" text,
    "externalSynced"       boolean,
    "externalSyncedAt"     timestamptz
);
CREATE INDEX ON public.impulse ("user");
CREATE INDEX ON public.impulse (client);
CREATE INDEX ON public.impulse (project);
CREATE INDEX ON public.impulse (task);
CREATE INDEX ON public.impulse ("workType");
CREATE INDEX ON public.impulse ("externalSystem");

CREATE TABLE public.department (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt" timestamptz DEFAULT now(),
    "updatedAt" timestamptz DEFAULT now(),
    version     bigint NOT NULL DEFAULT 0,
    name        text,
    manager     uuid REFERENCES public."user" ON DELETE SET NULL
);
CREATE INDEX ON public.department (manager);

CREATE TABLE public.department_member (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt" timestamptz DEFAULT now(),
    "updatedAt" timestamptz DEFAULT now(),
    version     bigint NOT NULL DEFAULT 0,
    department  uuid NOT NULL REFERENCES public.department ON DELETE CASCADE,
    "user"      uuid NOT NULL REFERENCES public."user",
    UNIQUE (department, "user")
);
CREATE INDEX ON public.department_member ("user");

CREATE TABLE public.access (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt" timestamptz DEFAULT now(),
    "updatedAt" timestamptz DEFAULT now(),
    version     bigint NOT NULL DEFAULT 0,
    "user"      uuid NOT NULL REFERENCES public."user" ON DELETE CASCADE,
    product     public.product NOT NULL,
    created     timestamptz NOT NULL DEFAULT now(),
    UNIQUE ("user", product)
);

CREATE TABLE public.secret_key (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt"      timestamptz DEFAULT now(),
    "updatedAt"      timestamptz DEFAULT now(),
    version          bigint NOT NULL DEFAULT 0,
    "user"           uuid REFERENCES public."user" ON DELETE CASCADE,
    name             text,
    "secretKey"      text NOT NULL UNIQUE,
    expiration       timestamptz,
    "applicationId"  text,
    "registrationId" text,
    "senderId"       text
);
CREATE INDEX ON public.secret_key ("user");

CREATE TABLE public.spending_time_unit (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "createdAt" timestamptz DEFAULT now(),
    "updatedAt" timestamptz DEFAULT now(),
    version     bigint NOT NULL DEFAULT 0,
    "user"      uuid NOT NULL REFERENCES public."user" ON DELETE CASCADE,
    "begin"     timestamptz,
    "end"       timestamptz,
    duration    bigint
);
CREATE INDEX ON public.spending_time_unit ("user");
