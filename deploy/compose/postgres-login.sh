#!/bin/sh
# Run once, when the database is made: the services' login, which may do nothing until `mailwright migrate --grant-to`.
set -eu
psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-postgres}" <<'SQL'
\set password `cat /run/secrets/postgres_service_password`
create role mailwright login noinherit password :'password';
SQL
