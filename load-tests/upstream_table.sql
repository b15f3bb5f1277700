-- The table that the Go falco-event-ingestor writes to, with its indexes: the key's and eleven more, one
-- of them over the whole jsonb. Written after its published schema (falco-event-db-schema).
create table falco_events (
    id            bigserial primary key,
    landscape     varchar(50),
    project       varchar(50),
    cluster       varchar(50),
    uuid          uuid,
    hostname      varchar(255),
    time          timestamp,
    rule          varchar(80),
    priority      varchar(30),
    tags          varchar(126),
    source        varchar(50),
    message       varchar(5000),
    output_fields jsonb
);
create index on falco_events (id);
create index on falco_events (project);
create index on falco_events (cluster);
create index on falco_events (uuid);
create index on falco_events (hostname);
create index on falco_events (time);
create index on falco_events (rule);
create index on falco_events (priority);
create index on falco_events (tags);
create index on falco_events (source);
create index on falco_events (output_fields);
