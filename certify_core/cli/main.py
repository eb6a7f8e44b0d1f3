"""The `certify` command. Each subcommand's module is imported only when it is called, so that help comes at once."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from certify_core.cli.common_options import completed
from certify_core.cli.exits import Exit
from certify_core.cli.loudness import heed_no_color, loudness_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMPLETE = "_CERTIFY_COMPLETE"
"""The variable by which a shell asks what completes a line."""

COMMANDS = {
    "demo": ("certify_core.cli.demo:demo", "See it work: service, local authority, certificate, HTTPS page."),
    "serve": ("certify_core.cli.serve:serve", "Run the service in the foreground."),
    "service": ("certify_core.cli.service_control:service", "Have the operating system run the service."),
    "request": ("certify_core.cli.request:request", "Request a certificate and keep it renewed."),
    "list": ("certify_core.cli.certificates:list_certificates", "List managed certificates."),
    "show": ("certify_core.cli.certificates:show", "Show one managed certificate."),
    "edit": ("certify_core.cli.edit:edit", "Change what is wanted of a certificate."),
    "renew": ("certify_core.cli.renew:renew", "Renew certificates now."),
    "revoke": ("certify_core.cli.revoke:revoke", "Revoke a certificate."),
    "deploy": ("certify_core.cli.deploy:deploy", "Deploy the current certificate again now."),
    "verify": ("certify_core.cli.deploy:verify", "See whether every endpoint serves the current certificate."),
    "test": ("certify_core.cli.rehearsal:test", "Try whether a certificate could be had and deployed."),
    "delete": ("certify_core.cli.certificates:delete", "Stop looking after a certificate."),
    "log": ("certify_core.cli.certificates:log", "Show the log of one certificate."),
    "apply": ("certify_core.cli.apply:apply", "Make everything as files say."),
    "export": ("certify_core.cli.export:export", "Write everything as files, or as one encrypted file."),
    "import": ("certify_core.cli.importing:importing", "What another machine or another program had."),
    "schema": ("certify_core.cli.schema:schema", "How such files look, for editors."),
    "account": ("certify_core.cli.accounts:account", "Accounts at certificate authorities."),
    "authority": ("certify_core.cli.accounts:authority", "Certificate authorities to choose from."),
    "limits": ("certify_core.cli.limits:limits", "What authorities' rate limits leave."),
    "credential": ("certify_core.cli.credentials:credential", "Stored credentials, for several certificates."),
    "notify": ("certify_core.cli.notify:notify", "Tell people what does not work."),
    "token": ("certify_core.cli.tokens:token", "Access for others, with a role and an end."),
    "audit": ("certify_core.cli.audit:audit", "Who did what, and whether the trail of it is whole."),
    "open": ("certify_core.cli.open:open_browser", "Open a browser that is signed in."),
    "db": ("certify_core.cli.db:db", "The database: check, backup, recovery, export."),
    "secrets": ("certify_core.cli.secrets:secrets", "The master key of keys, passwords and tokens."),
    "doctor": ("certify_core.cli.doctor:doctor", "Find what does not work, and mend it."),
    "selftest": ("certify_core.cli.selftest:selftest", "Try on this machine what no test machine can show."),
    "config": ("certify_core.cli.config:config", "The service's own settings."),
    "plugins": ("certify_core.cli.plugins:plugins", "Plugins: what works, what they offer and ask for."),
    "completion": ("certify_core.cli.completion:completion", "Print the completion script of a shell."),
    "version": ("certify_core.cli.plugins:version", "Show the versions of command and service."),
}


class LazyGroup(click.Group):
    """Lists commands from the table and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        return completed(getattr(importlib.import_module(module), attribute), cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands by the table, without importing any, and options."""
        from click.shell_completion import CompletionItem

        named = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return named + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"Exit codes: {', '.join(f'{code.value} {code.meaning}' for code in Exit)}.",
    params=loudness_options(),
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Certify: certificates requested, renewed and deployed, without anyone watching."""
    heed_no_color(context)


def main() -> None:
    """Run the command line; what nobody foresaw ends it with one line, and with --verbose the trace."""
    if COMPLETE in os.environ:
        importlib.import_module("certify_core.cli.completion")  # knows shells better than click does
    try:
        cli(prog_name="certify")
    except Exception as error:
        if {"-v", "--verbose"} & set(sys.argv):
            raise
        click.echo(f"certify: Unexpected {type(error).__name__}: {error}. --verbose shows the trace.", err=True)
        sys.exit(Exit.FAILED)
