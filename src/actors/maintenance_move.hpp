// One attempt to move one Shoot's or Seed's version of Falco and to bring the landscape's
// destinations into its config, decided on what is there right now.
#pragma once

#include "falconer/falco/maintenance_destinations.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace falconer::actors {

inline const char* name_of(falco::maintained_kind kind) {
    return kind == falco::maintained_kind::shoot ? "shoot" : "seed";
}
inline const char* name_of(falco::version_move::action what) {
    return what == falco::version_move::action::forced ? "forced" : "automatic";
}

/// What the landscape makes of somebody's destinations; nothing, while that is not known.
using settling =
    std::function<falco::settled_destinations(const falco::maintained& who, utc_time now)>;

/// Changed by the actor, read by every attempt anew.
struct maintenance_facts {
    std::shared_ptr<const falco::releases> offered{};  // null: not known (yet)
    /// Of versions that have been seen to go: since when nobody offers them.
    std::map<falco::semver, utc_time> withdrawn{};
    falco::maintenance_window         of_seeds{};
    std::chrono::hours                ahead{};
    settling                          settle{};  // not set: destinations are left alone
};

struct move_outcome {
    enum class what : std::uint8_t {
        nothing,  // there is nothing to do (any longer), or not now
        moved,
        refused,  // trying again is of no use before something changes
        later,
        gone,
    };

    what                             is = what::nothing;
    std::optional<falco::maintained> now{};     // as it was found, or has become
    falco::maintained                before{};  // of a move
    falco::version_move              move{};
    std::vector<std::string>         settled{};  // of its destinations, what became different
    std::string                      why{};      // of `refused` and `later`
    std::size_t                      conflicts  = 0;
    bool                             unanswered = false;  // of `later`: it may have been written
};

/// Lifetime: borrows all it is given; made for one attempt.
class maintenance_move {
public:
    struct known {
        /// Somebody wants it now, whatever the window.
        bool     asked        = false;
        utc_time wanted_since = utc_time::min();
        /// A write before this one, to which no answer came.
        std::optional<move_outcome> unanswered{};
    };

    maintenance_move(
        kube_api& garden, time_source& time, const maintenance_facts& facts,
        falco::maintained_kind kind, kube_key key, known from_before
    )
        : garden_(garden), time_(time), facts_(facts), kind_(kind), key_(std::move(key)),
          known_(std::move(from_before)) {}

    /// Reads the object, decides, and writes it over the very one that was read. Changed meanwhile:
    /// once more from the beginning, a few times.
    /// Cancel: the version may have been written.
    task<move_outcome> run();

private:
    falco::version_move         decide(const falco::maintained& who) const;
    falco::settled_destinations settle(const falco::maintained& who) const;
    bool                        has_arrived(const falco::maintained& who) const;

    kube_api&                garden_;
    time_source&             time_;
    const maintenance_facts& facts_;
    falco::maintained_kind   kind_;
    kube_key                 key_;
    known                    known_;
};

}  // namespace falconer::actors
