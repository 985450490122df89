"""Who may do what in Postgres: a schema and a role per service, nobody reads a neighbour's schema.

Services log in as whatever the operator configured and act as their role. The gateway has a second role for connections
that serve requests: row-level security binds it to one tenant at a time.
"""

from __future__ import annotations

SERVICES = ("provisioner", "warmup", "threads", "gateway")
ROLES = (*(f"mailwright_{service}" for service in SERVICES), "mailwright_gateway_request")
SHARED_SCHEMAS = ("platform", "vault", "content", "providers")


def _create_role(role: str) -> str:
    # Roles belong to the whole cluster: another database's migration may create the same one at this moment.
    return f"""
        do $$ begin
            create role {role} nologin;
        exception when duplicate_object or unique_violation then null; end $$
    """


def _grant_to_login(role: str) -> str:
    return f"""
        do $$ begin
            if not pg_has_role(current_user, '{role}', 'member') then
                execute format('grant {role} to %I', current_user);
            end if;
        exception when unique_violation or duplicate_object then null; end $$
    """


ROLES_AND_SCHEMAS: tuple[str, ...] = (
    *(_create_role(role) for role in ROLES),
    *(_grant_to_login(role) for role in ROLES),
    *(f"create schema if not exists {schema}" for schema in (*SHARED_SCHEMAS, *SERVICES)),
    *(f"grant usage on schema {service} to mailwright_{service}" for service in SERVICES),
    "grant usage on schema gateway to mailwright_gateway_request",
    *(
        f"alter default privileges in schema {service} grant select, insert, update, delete on tables"
        f" to mailwright_{service}"
        for service in SERVICES
    ),
)
