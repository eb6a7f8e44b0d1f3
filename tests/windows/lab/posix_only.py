"""The tests that do not run on Windows Python, and why: the one list, which docs/testing.md shows.

A key is the beginning of a test's id. Everything else runs there.
"""

from __future__ import annotations

PERMISSIONS = "It is about POSIX permission bits or owners; on Windows the folder's access list says who may read."
PROGRAM = "It asks a program of the system that tests outside Windows have: nginx, sh, mount, faketime."
WORDS = "It quotes a POSIX system's own words for a refusal."
HOLDER = "Wine does not tell who holds a port."
SHARED = "There the port is that of http.sys, and Wine refuses this process its requests (error 5)."
BASH = "It asks bash."
LATE = "The second that it is about is over before Wine has started a service."
LINKS = "Wine shows a symbolic link as the file behind it."
READ_ONLY = "Windows does not tell a disk that may not be written from a missing right: a service does not wait for it."
SHELL = "Its reload commands are words of a POSIX shell."
TERMINAL = "It asks a POSIX terminal what is shown there."
SLOW = "It takes half a minute under Wine."
SOURCES = "It reads the sources of the core, of which the machine has the wheel alone."
SYSTEM_CALLS = "It needs a POSIX system call or file: fork, mount, rlimit, /proc, named pipes."

LEFT_OUT: dict[str, str] = {
    "tests/packaging/test_wheel.py": "It is about the wheel, which Linux builds for the machine.",
    "tests/recovery/test_another_account.py": PERMISSIONS,
    "tests/recovery/test_taken_files.py": "Windows removes and replaces no file that is open.",
    "tests/recovery/test_wrong_clock.py": PROGRAM,
}
"""Whole folders and files."""

POSIX_ONLY: dict[str, str] = {
    "tests/acme/test_retry_after.py::test_the_wait_is_the_same_in_every_time_zone": SYSTEM_CALLS,
    "tests/cli/test_apply.py::test_a_terminal_gets_colours": TERMINAL,
    "tests/cli/test_closed_folder.py": PERMISSIONS,
    "tests/cli/test_completion.py::test_a_parameter_that_is_there": BASH,
    "tests/cli/test_completion.py::test_bash": BASH,
    "tests/cli/test_completion.py::test_behind_a_colon": BASH,
    "tests/cli/test_completion.py::test_in_quotes": BASH,
    "tests/cli/test_deploy.py": SHELL,
    "tests/cli/test_doctor.py::test_a_warning_ends_doctor_with_6": PERMISSIONS,
    "tests/cli/test_doctor.py::test_doctor_says_who_has_the_port": HOLDER,
    "tests/cli/test_errors.py::test_every_message_of_the_command_line": SOURCES,
    "tests/cli/test_moving.py::test_an_export_is_written_for_its_owner_alone": PERMISSIONS,
    "tests/cli/test_output.py::test_a_list_is_a_table": TERMINAL,
    "tests/cli/test_output.py::test_a_terminal_gets_colours": TERMINAL,
    "tests/cli/test_output.py::test_long_work_shows_its_steps": TERMINAL,
    "tests/cli/test_output.py::test_no_color_is_heeded": TERMINAL,
    "tests/cli/test_ownership.py": PERMISSIONS,
    "tests/cli/test_selftest.py::test_here_there_is_nothing_of_windows": "There is.",
    "tests/cli/test_selftest.py::test_on_a_terminal": TERMINAL,
    "tests/cli/test_selftest.py::test_the_example_of_the_page": "It is about a folder of Linux.",
    "tests/cli/test_selftest.py::test_with_look_nobody_is_asked": TERMINAL,
    "tests/configuration/test_reading.py::test_a_folder_that_cannot_be_listed": WORDS,
    "tests/configuration/test_watching.py::test_files_are_read_again": SYSTEM_CALLS,
    "tests/health/test_data_folder.py::test_a_file_deep_down": PERMISSIONS,
    "tests/health/test_data_folder.py::test_a_file_that_another_user": PERMISSIONS,
    "tests/health/test_data_folder.py::test_a_file_that_has_another_name": PERMISSIONS,
    "tests/health/test_data_folder.py::test_a_folder_as_the_service_makes_it": PERMISSIONS,
    "tests/health/test_data_folder.py::test_a_folder_that_takes_no_file": SYSTEM_CALLS,
    "tests/health/test_data_folder.py::test_a_link_is_left_alone": PERMISSIONS,
    "tests/health/test_data_folder.py::test_others_may_read": PERMISSIONS,
    "tests/health/test_data_folder.py::test_the_content_stays": PERMISSIONS,
    "tests/health/test_data_folder.py::test_what_others_may_read": PERMISSIONS,
    "tests/health/test_documented.py": SOURCES,
    "tests/health/test_reachability.py::test_a_name_whose_addresses_lead_here": SHARED,
    "tests/issuance/test_ari.py::test_it_is_renewed_at_the_second": LATE,
    "tests/issuance/test_issuance.py::test_nginx": PROGRAM,
    "tests/issuance/test_pair.py::test_nginx": PROGRAM,
    "tests/packaging/test_installed_plugins.py::test_every_module_imports_with_the_declared": (
        "The machine has more than what is declared; tests/windows/test_imports.py imports every module there."
    ),
    "tests/plugins/av_checks/test_check.py::test_a_product_that_is_here": PROGRAM,
    "tests/plugins/av_checks/test_check.py::test_a_scanner": PROGRAM,
    "tests/plugins/av_checks/test_probes.py::test_a_listener_that_cannot_be_reached": PROGRAM,
    "tests/plugins/av_checks/test_probes.py::test_a_web_shield": PROGRAM,
    "tests/plugins/ca_local/test_root.py::test_only_the_owner_reads_the_key": PERMISSIONS,
    "tests/plugins/challenge_http/test_contract.py::TestWebroot": PROGRAM,
    "tests/plugins/challenge_http/test_health.py::test_a_port_on_which_we_answer_right_now": HOLDER,
    "tests/plugins/challenge_http/test_health.py::test_a_port_that_another_program_has": HOLDER,
    "tests/plugins/challenge_http/test_port.py::test_a_port_that_is_taken_on_ipv6": HOLDER,
    "tests/plugins/challenge_http/test_port.py::test_a_server_that_cannot_start_says_so": WORDS,
    "tests/plugins/challenge_http/test_port.py::test_a_service_without_files_left": SYSTEM_CALLS,
    "tests/plugins/challenge_http/test_port.py::test_a_service_without_threads_left": SYSTEM_CALLS,
    "tests/plugins/challenge_http/test_port.py::test_a_user_who_may_not_have_the_port": SYSTEM_CALLS,
    "tests/plugins/challenge_http/test_port.py::test_closing_while_clients_connect": SLOW,
    "tests/plugins/challenge_http/test_port.py::test_the_program_that_holds_the_port": HOLDER,
    "tests/plugins/challenge_http/test_webroot.py::test_a_document_root_that_may_not_be_written": PERMISSIONS,
    "tests/plugins/challenge_http/test_webroot.py::test_a_file_where_a_folder_should_be": WORDS,
    "tests/plugins/challenge_http/test_webroot.py::test_a_redirect_is_left": PROGRAM,
    "tests/plugins/challenge_http/test_webroot.py::test_a_server_with_another": PROGRAM,
    "tests/plugins/challenge_http/test_webroot.py::test_the_mode_of_a_folder": PERMISSIONS,
    "tests/plugins/challenge_http/test_webroot.py::test_the_server_of_an_ip_address": PROGRAM,
    "tests/plugins/challenge_http/test_webroot.py::test_the_web_server_serves": PROGRAM,
    "tests/plugins/challenge_http/test_webroot.py::test_the_web_servers_user_may_read": PERMISSIONS,
    "tests/plugins/deploy_files/test_all_or_nothing.py::test_a_file_above_the_folder_is_named": WORDS,
    "tests/plugins/deploy_files/test_all_or_nothing.py::test_a_link_is_neither_followed": LINKS,
    "tests/plugins/deploy_files/test_all_or_nothing.py::test_a_missing_right_is_named": PERMISSIONS,
    "tests/plugins/deploy_files/test_all_or_nothing.py::test_a_rename_that_is_refused": PROGRAM,
    "tests/plugins/deploy_files/test_all_or_nothing.py::test_an_unknown_owner_is_named": PERMISSIONS,
    "tests/plugins/deploy_files/test_endpoint.py": PROGRAM,
    "tests/plugins/deploy_files/test_files.py::test_a_missing_folder_is_made_for_all_to_enter": PERMISSIONS,
    "tests/plugins/deploy_files/test_files.py::test_a_user_alone": PERMISSIONS,
    "tests/plugins/deploy_files/test_files.py::test_only_the_files_with_the_key_are_private": PERMISSIONS,
    "tests/plugins/deploy_files/test_files.py::test_rights_are_put_right": PERMISSIONS,
    "tests/plugins/deploy_files/test_files.py::test_the_files_belong_to": PERMISSIONS,
    "tests/plugins/deploy_files/test_files.py::test_the_mode_is_that_of": PERMISSIONS,
    "tests/plugins/deploy_files/test_files.py::test_the_plan_says_what_differs": PERMISSIONS,
    "tests/plugins/deploy_files/test_files.py::test_undo_gives_the_files_back": PERMISSIONS,
    "tests/plugins/deploy_files/test_parameters.py::test_what_is_wrong_is_refused_at_its_field[reload-": (
        "Windows splits the command itself; tests/windows/test_reload.py has that."
    ),
    "tests/plugins/deploy_files/test_reload.py": PROGRAM,
    "tests/plugins/negotiate/test_posix_groups.py": SYSTEM_CALLS,
    "tests/plugins/negotiate/test_selftest.py": "Wine crashes when it is asked to sign somebody in.",
    "tests/plugins/negotiate/test_sign_in.py": PROGRAM,
    "tests/plugins/store_sqlite/test_backup.py::test_nobody_else_may_read_it": PERMISSIONS,
    "tests/plugins/store_sqlite/test_journal.py::test_nobody_else_may_read_it": PERMISSIONS,
    "tests/plugins/store_sqlite/test_store_sqlite.py::test_a_file_that_others_could_read": PERMISSIONS,
    "tests/plugins/store_sqlite/test_store_sqlite.py::test_only_the_owner_reads_its_files": PERMISSIONS,
    "tests/plugins/systemd": PROGRAM,
    "tests/recovery/test_corruption_campaign.py::test_there_are_two_hundred": "Of these, sixteen are tried there.",
    "tests/recovery/test_damaged_database.py::test_what_the_page_says_to_do_by_hand": PROGRAM,
    "tests/recovery/test_read_only_disk.py::TestAnOrderUnderWay::test_it_waits_on_a_failed_disk": SYSTEM_CALLS,
    "tests/recovery/test_read_only_disk.py::TestStartedOnAReadOnlyDisk": READ_ONLY,
    "tests/recovery/test_read_only_disk.py::TestUnderARunningService::test_every": SYSTEM_CALLS,
    "tests/recovery/test_read_only_disk.py::TestUnderARunningService::test_linux_itself": SYSTEM_CALLS,
    "tests/recovery/test_read_only_disk.py::TestUnderARunningService::test_started_on_the_mended": SYSTEM_CALLS,
    "tests/recovery/test_read_only_disk.py::TestUnderARunningService::test_the_health_checks": SYSTEM_CALLS,
    "tests/recovery/test_read_only_disk.py::TestWhenTheDiskCanBeWrittenAgain": READ_ONLY,
    "tests/service/test_api_docs.py": PROGRAM,
    "tests/service/test_configuration.py::test_a_data_folder_that_cannot_be_written_is_one_line[/proc": SYSTEM_CALLS,
    "tests/service/test_configuration.py::test_a_file_that_the_service_may_not_read": PERMISSIONS,
    "tests/service/test_configuration.py::test_a_folder_that_the_service_may_not_write": PERMISSIONS,
    "tests/service/test_configuration_docs.py": "Its examples name folders of Linux.",
    "tests/service/test_configuration_files.py::test_a_folder_behind_links": LINKS,
    "tests/service/test_configuration_files.py::test_what_is_in_a_folder_that_may_not_be_read": PERMISSIONS,
    "tests/service/test_own_certificate.py::test_keys_are_their_owners_alone": PERMISSIONS,
    "tests/service/test_ports.py": HOLDER,
    "tests/service/test_schema.py": "It needs schemathesis, which the machine has not.",
    "tests/service/test_secrets.py::test_only_the_services_user": PERMISSIONS,
    "tests/service/test_start_and_stop.py::test_an_empty_token_file": PERMISSIONS,
    "tests/service/test_threats.py::test_another_user_cannot_read_the_token": PERMISSIONS,
    "tests/service/test_threats.py::test_nobody_on_the_network_reaches_it": HOLDER,
    "tests/store/test_bad_disk.py::test_a_disk_that_has_become_read_only": SYSTEM_CALLS,
    "tests/store/test_secrets_and_assets.py::test_only_the_owner_reads_the_master_key": PERMISSIONS,
    "tests/transfer/test_moving.py::test_account_and_roots_of_an_authority": PERMISSIONS,
    "tests/unit/test_files.py::test_a_file_is_private": PERMISSIONS,
    "tests/unit/test_files.py::test_a_full_disk_leaves_the_old_content": SYSTEM_CALLS,
    "tests/unit/test_files.py::test_a_new_folder_and_its_files_are_private": PERMISSIONS,
    "tests/unit/test_files.py::test_a_process_killed_at_any_system_call_leaves_a_folder_whole_or_none[7]": (
        "A folder is not opened to make it durable: there is one system call less."
    ),
    "tests/unit/test_files.py::test_a_reader_never_sees_half_a_file": (
        "A reader that never lets go keeps the file as it is; tests/windows/test_held_files.py has one that does."
    ),
    "tests/unit/test_files.py::test_a_replaced_file_has_the_new_mode": PERMISSIONS,
    "tests/unit/test_files.py::test_the_mode_does_not_depend_on_the_umask": PERMISSIONS,
    "tests/unit/test_ownership.py": PERMISSIONS,
}
