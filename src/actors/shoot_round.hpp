// One round of a shoot: looks at its Extension, does what it asks for, and says so in its status.
#pragma once

#include "falconer/falco/extension_protocol.hpp"
#include "falconer/messages.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/ports/shoot_access.hpp"
#include "falconer/ports/token_mint.hpp"
#include "landscape.hpp"
#include "shoot_delivery.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace falconer::actors {

struct round_options {
    std::chrono::seconds resync{3600};
    /// A removal that takes longer is told as an error, and goes on.
    std::chrono::seconds removal{120};
};

/// What was asked for when a round last carried it out; as text, because there is one per shoot.
struct carried_out_spec {
    std::int64_t generation = 0;
    std::string  spec{};  // JSON
};

struct round_outcome {
    enum class what {
        done,     // until `look_again`
        waiting,  // for somebody else; look again soon
        gone,     // there is nothing to look after
    };
    what                     is         = what::done;
    utc_time                 look_again = utc_time::max();
    std::optional<trouble>   wrong{};            // done or waiting, but not well
    bool                     told_user = false;  // `wrong` is for the conditions, too
    bool                     rotating  = false;
    std::string              why{};  // of nothing done
    std::size_t              writes = 0;
    std::vector<std::string> warnings{}, broken_rules{};
    std::string              version_notice{};
    /// For the next round.
    std::optional<falco::certificate_verdict> certificates{};
    std::optional<carried_out_spec>           carried_out{};
    delivered_contents                        contents{};
};

/// Lifetime: borrows all it is given; made for one round.
class shoot_round {
public:
    struct surroundings {
        kube_api&        api;
        time_source&     time;
        const landscape& around;
        token_mint*      mint;
        round_options    opt{};
        post_office*     clusters = nullptr;  // where events are taken in, in this process
        shoot_access*    access   = nullptr;  // into the shoots
    };
    /// `failures`: rounds in a row that have failed before this one. `removing_since`: when the
    /// first one of this removal began.
    struct history {
        int                     failures = 0;
        std::optional<utc_time> removing_since{};
        shoot_delivery::memory  delivery{};
        /// Nothing: not by this process.
        std::optional<carried_out_spec> carried_out{};
    };

    shoot_round(const surroundings& with, kube_key key, history before)
        : with_(with), key_(std::move(key)), before_(before) {}

    /// Never throws for what an API server does. Cancel: at any point; the next round goes on.
    task<round_outcome> run();

private:
    task<round_outcome>          act();
    task<std::optional<trouble>> begin();
    task<std::optional<trouble>> say_processing();
    task<std::optional<trouble>> work(round_outcome& into);
    task<std::optional<trouble>> deliver(round_outcome& into);
    /// The Cluster, if it says something else than what watches have told.
    task<std::shared_ptr<const value>> newer_cluster() const;
    bool                               keep_to_what_was_asked();
    bool                               is_asked() const;
    task<std::optional<trouble>>       take_away(round_outcome& into);
    void                               tell_cluster(const delivered& done) const;
    task<void>                         tell_success(round_outcome& into);
    task<void>                         tell_trouble(const trouble& wrong, round_outcome& into);
    task<result<value>>                patch(value what, kube_part part);
    task<result<value>>                say(value words);
    utc_time                           now() const { return with_.time.utc(); }
    std::shared_ptr<const value>       described_cluster() const;

    const surroundings&                     with_;
    kube_key                                key_;
    history                                 before_;
    value                                   object_{};
    falco::extension_view                   view_{};
    falco::extension_decision               decision_{};
    std::shared_ptr<const value>            cluster_{};
    bool                                    asked_ = false;  // somebody waits for our word
    std::vector<falco::referenced_resource> resources_{};    // of a delivery
};

}  // namespace falconer::actors
