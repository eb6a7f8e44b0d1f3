"""What reliability needs, from the windows in which authorities want certificates renewed to the index of searches."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# By the rowids of the table, which stay what they are: nothing ever vacuums it. Whoever copies the table rebuilds this.
SEARCH = """CREATE VIRTUAL TABLE certify_search USING fts5(
    search, content='managedcertificate', tokenize='trigram case_sensitive 1', detail=none, columnsize=0
)"""
_ADD = "INSERT INTO certify_search (rowid, search) VALUES (NEW.rowid, NEW.search);"
_REMOVE = "INSERT INTO certify_search (certify_search, rowid, search) VALUES ('delete', OLD.rowid, OLD.search);"
SEARCH_TRIGGERS = (
    f"CREATE TRIGGER search_insert AFTER INSERT ON managedcertificate BEGIN {_ADD} END",
    f"CREATE TRIGGER search_delete AFTER DELETE ON managedcertificate BEGIN {_REMOVE} END",
    "CREATE TRIGGER search_update AFTER UPDATE OF search ON managedcertificate "
    f"WHEN OLD.search IS NOT NEW.search BEGIN {_REMOVE} {_ADD} END",
)


def upgrade() -> None:
    """Add columns."""
    op.add_column("managedcertificate", sa.Column("ari", sa.Text))
    op.add_column("managedcertificate", sa.Column("ari_check_at", sa.Float))
    op.create_index("ix_managedcertificate_ari_check_at", "managedcertificate", ["ari_check_at"])
    op.add_column("managedcertificate", sa.Column("half", sa.Text))
    op.add_column("managedcertificate", sa.Column("setbacks", sa.Text))
    op.add_column(
        "managedcertificate", sa.Column("use_last_duplicate", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column("deployment", sa.Column("claims", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "credential",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_table(
        "authority",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("directory", sa.String, nullable=False),
        sa.Column("ca_bundle", sa.String),
        sa.Column("staging", sa.Boolean, nullable=False),
        sa.Column("needs_eab", sa.Boolean, nullable=False),
        sa.Column("rehearsal", sa.String),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_table(
        "configured",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("object_id", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("file", sa.String, nullable=False),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("sealed_key", sa.LargeBinary, nullable=False),
        sa.Column("applied_at", sa.Float, nullable=False),
    )
    op.create_table(
        "ledger",
        sa.Column("directory", sa.String, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("full_at", sa.Float, nullable=False),
        sa.Column("spent_at", sa.Float, nullable=False),
    )
    op.create_index("ix_ledger_full_at", "ledger", ["directory", "kind", "full_at"])
    op.create_index("ix_ledger_spent_at", "ledger", ["spent_at"])
    op.create_table(
        "announcedlimit",
        sa.Column("directory", sa.String, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("remedy", sa.Text, nullable=False),
    )
    op.create_index("ix_announcedlimit_until", "announcedlimit", ["until"])
    op.add_column("account", sa.Column("ca_bundle", sa.String))
    op.add_column("account", sa.Column("sealed_next_key", sa.LargeBinary))
    op.add_column("account", sa.Column("deactivating", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "revocation",
        sa.Column("certificate_id", sa.String, primary_key=True),
        sa.Column("issued_id", sa.String, primary_key=True),
        sa.Column("serial", sa.String, nullable=False),
        sa.Column("authority", sa.String, nullable=False),
        sa.Column("ca_bundle", sa.String),
        sa.Column("certificate", sa.Text, nullable=False),
        sa.Column("sealed_key", sa.LargeBinary),
        sa.Column("key_digest", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("renew", sa.Boolean, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("wanted_at", sa.Float, nullable=False),
        sa.Column("revoked_at", sa.Float),
        sa.Column("failure", sa.Text),
        sa.Column("failure_count", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.Float),
    )
    op.create_index("ix_revocation_state", "revocation", ["state"])
    op.create_table(
        "accesstoken",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.create_index("ix_accesstoken_digest", "accesstoken", ["digest"], unique=True)
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("request", sa.Integer),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("previous", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.create_index("ix_audit_request", "audit", ["request"])
    op.create_table(
        "channel",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("notifier", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("credential", sa.String),
        sa.Column("least", sa.String, nullable=False),
        sa.Column("summary", sa.Boolean, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.Column("summary_at", sa.Float, nullable=False),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("channel_id", sa.String, sa.ForeignKey("channel.id", ondelete="CASCADE"), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("written_at", sa.Float, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("failure_count", sa.Integer, nullable=False),
    )
    op.create_index("ix_message_channel_id", "message", ["channel_id", "written_at", "id"])
    op.create_table(
        "trouble",
        sa.Column("code", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("finding", sa.Text, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in (SEARCH, "INSERT INTO certify_search (certify_search) VALUES ('rebuild')", *SEARCH_TRIGGERS):
            op.execute(statement)


def downgrade() -> None:
    """Take them away again."""
    if op.get_bind().dialect.name == "sqlite":
        for name in ("search_insert", "search_delete", "search_update"):
            op.execute(f"DROP TRIGGER {name}")
        op.drop_table("certify_search")
    op.drop_table("trouble")
    op.drop_table("message")
    op.drop_table("channel")
    op.drop_table("audit")
    op.drop_table("accesstoken")
    op.drop_table("revocation")
    op.drop_column("account", "deactivating")
    op.drop_column("account", "sealed_next_key")
    op.drop_column("account", "ca_bundle")
    op.drop_table("announcedlimit")
    op.drop_table("ledger")
    op.drop_table("configured")
    op.drop_table("authority")
    op.drop_table("credential")
    op.drop_column("deployment", "claims")
    op.drop_column("managedcertificate", "use_last_duplicate")
    op.drop_column("managedcertificate", "setbacks")
    op.drop_column("managedcertificate", "half")
    op.drop_index("ix_managedcertificate_ari_check_at")
    op.drop_column("managedcertificate", "ari_check_at")
    op.drop_column("managedcertificate", "ari")
