// The commands of `falconer`, one file each. Every one of them hangs itself under the root.
#pragma once

#include <CLI/CLI.hpp>

namespace falconer::cli {

/// Exit codes of every command. Source: the command line's contract, docs/operations.md.
enum : int { success = 0, answer_is_no = 1, wrong_usage = 2 };

/// Adds the command to `root`. When it was chosen and has run, `exit_code` holds its verdict.
void add_event_command(CLI::App& root, int& exit_code);          // event check|raw
void add_token_command(CLI::App& root, int& exit_code);          // token keygen|keys|issue|verify
void add_db_command(CLI::App& root, int& exit_code);             // db migrate|status|retain|…
void add_token_revoke_command(CLI::App& token, int& exit_code);  // token revoke
void add_db_policy_command(CLI::App& db, int& exit_code);        // db policy
void add_event_raw_command(CLI::App& event, int& exit_code);     // event raw
void add_db_keeping_commands(CLI::App& db, int& exit_code);      // db period|hold|audit
void add_db_archive_command(CLI::App& db, int& exit_code);       // db archive
void add_db_backup_command(CLI::App& db, int& exit_code);        // db backup
void add_db_restore_command(CLI::App& db, int& exit_code);       // db restore
void add_import_legacy_command(CLI::App& db, int& exit_code);    // db import-legacy
void add_clusters_command(CLI::App& root, int& exit_code);       // clusters list|history
void add_quarantine_command(CLI::App& root, int& exit_code);     // quarantine list|show|replay
void add_spool_command(CLI::App& root, int& exit_code);          // spool status|replay
void add_serve_command(CLI::App& root, int& exit_code);
void add_up_command(CLI::App& root, int& exit_code);
void add_doctor_command(CLI::App& root, int& exit_code);
void add_render_command(CLI::App& root, int& exit_code);
void add_review_command(CLI::App& root, int& exit_code);
void add_rules_command(CLI::App& root, int& exit_code);        // rules lint|pull
void add_rules_pull_command(CLI::App& rules, int& exit_code);  // rules pull
void add_versions_command(CLI::App& root, int& exit_code);     // versions plan
void add_agent_command(CLI::App& root, int& exit_code);        // agent configure|heartbeat
void add_version_command(CLI::App& root, int& exit_code);

}  // namespace falconer::cli
