#!/bin/sh
# Run once by the image of PostgreSQL, while its data folder is empty: a role for each part, each with a password of its own.
# The ledger's passwords stand in the addresses that its processes are given, so that nobody has to write them twice.
set -eu
: "${SECRETS:=/run/secrets}"
export SECRETS
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set owner `sed 's,^[^:]*://[^:]*:\([^@]*\)@.*,\1,' "$SECRETS/ledger_owner_url"`
\set application `sed 's,^[^:]*://[^:]*:\([^@]*\)@.*,\1,' "$SECRETS/ledger_app_url"`
\set reader `sed 's,^[^:]*://[^:]*:\([^@]*\)@.*,\1,' "$SECRETS/ledger_reader_url"`
\set temporal `cat "$SECRETS/temporal_password"`
CREATE ROLE dealbridge_owner LOGIN PASSWORD :'owner';
CREATE ROLE dealbridge_app LOGIN PASSWORD :'application';
CREATE ROLE dealbridge_reader LOGIN PASSWORD :'reader';
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE DATABASE dealbridge OWNER dealbridge_owner;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE ALL ON DATABASE dealbridge, temporal, temporal_visibility FROM PUBLIC;
GRANT CONNECT ON DATABASE dealbridge TO dealbridge_app, dealbridge_reader;
SQL
