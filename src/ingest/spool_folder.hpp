// Whether a folder will do as a spool: asked before a start, and by whoever only wants to know.
#pragma once

#include "falconer/result.hpp"

#include <string>
#include <system_error>

namespace falconer::ingest {

struct spool_folder {
    bool     there          = false;  // not there, and no objection: it can be made
    unsigned owner          = 0;
    bool     ours           = false;  // of this process's user
    bool     only_for_owner = false;
    /// Why this process cannot have its spool there: one whole sentence. No code: it can.
    failure objection{std::error_code{}, ""};

    bool will_do() const { return !objection.code; }
    /// It is somebody's own, so that it may well be the spool of a process of theirs.
    bool may_be_anothers() const { return there && !ours && objection.code == errc::denied; }
};

/// Only looks. What will do: a folder of our own user's (which others may write to until the spool
/// is opened, unless it is a common one like /tmp); or the root of a volume, which belongs to root
/// and by its group to us, as Kubernetes' fsGroup leaves it.
spool_folder look_at_spool_folder(const std::string& directory);

}  // namespace falconer::ingest
