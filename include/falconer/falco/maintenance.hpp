// What maintenance does to a Shoot or a Seed, and when: pure decisions about its version of Falco;
// of the landscape's destinations see maintenance_destinations.hpp.
#pragma once

#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/maintenance_window.hpp"
#include "falconer/falco/service_config.hpp"
#include "falconer/falco/version_policy.hpp"
#include "falconer/field_reader.hpp"
#include "falconer/kube_object.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace falconer::falco {

enum class maintained_kind : std::uint8_t { shoot, seed };

const kube_type& type_of(maintained_kind kind) noexcept;

/// Gardener sets it on what asks for us. Source: gardener/gardener, the admission plug-in
/// ExtensionLabels.
inline constexpr const char* maintained_label =
    "extensions.extensions.gardener.cloud/shoot-falco-service=true";

/// A Shoot or a Seed, as far as its version of Falco and its destinations are concerned.
struct maintained {
    maintained_kind            is = maintained_kind::shoot;
    kube_key                   key{};
    std::string                uid{};
    std::int64_t               generation = 0;
    bool                       leaving    = false;  // is being deleted
    bool                       wanted     = false;  // asks for Falco, and has not switched it off
    bool                       asked      = false;  // for maintenance at once
    std::optional<std::string> version{};           // nothing: the landscape's default
    auto_update                automatically = auto_update::on;
    maintenance_window         window{};
    /// Only the current form of the config names destinations.
    config_dialect                          written = config_dialect::current;
    std::optional<std::vector<destination>> destinations{};
    field_problems                          problems{};  // of its config: it is not to be touched

    friend bool operator==(const maintained& a, const maintained& b) {
        return a.is == b.is && a.key == b.key && a.uid == b.uid && a.leaving == b.leaving &&
               a.wanted == b.wanted && a.asked == b.asked && a.version == b.version &&
               a.automatically == b.automatically && a.window == b.window &&
               a.written == b.written && a.destinations == b.destinations &&
               a.problems.size() == b.problems.size();
    }
};

/// Config in either dialect, strictly. A Shoot without a window, or with one that cannot be read,
/// is always open, as for Gardener; `of_seeds`: Seeds have no window of their own.
maintained read_maintained(
    const value& object, maintained_kind kind, const maintenance_window& of_seeds
);

/// The parts of it that read_maintained() looks at, without the rest of its config.
value reduced_maintained(const value& object);

/// The same object with another version in its config, in the dialect that it is written in. There
/// is a config with a version.
value with_version(value object, const std::string& version);

/// What maintenance would do now, whatever the window. None: nothing, and the reason says why.
version_move move_now(const maintained& who, const offered_versions& offered, utc_time now);

/// What only the past knows.
struct maintenance_past {
    /// The move has been wanted since then: what is left of an open window is shared out from here.
    utc_time wanted_since = utc_time::min();
    /// Of versions that nobody offers any longer: since when, where somebody has seen them go.
    const std::map<semver, utc_time>* withdrawn = nullptr;
};

struct maintenance_plan {
    /// What is to happen at `due`; none: nothing, and the reason says why.
    version_move            move{};
    std::optional<utc_time> due{};
    window_span             window{};  // that `due` lies in
    /// It should leave its version, and there is none to move to.
    bool nowhere_to_go = false;
    /// Something may be different then, though nothing is told. After now.
    utc_time look_again = utc_time::max();
};

/// An automatic move is due at once, a moment of the open or the next window. A forced one, in the
/// first window that begins after it became one, so that it can be announced. One that an end in
/// sight will force is planned as far ahead as `ahead`.
maintenance_plan plan_maintenance(
    const maintained& who, const offered_versions& offered, const maintenance_past& past,
    utc_time now, std::chrono::hours ahead
);

/// An Event on a Shoot or a Seed. The same one again has the same name, so that nobody is told
/// twice.
struct maintenance_note {
    std::string type = "Normal";  // or Warning
    std::string reason{}, message{};
    std::string once{};  // what makes it another one, though it says the same
};

/// Nothing: there is nothing to announce, or it is too early. Once a day until it is due.
std::optional<maintenance_note> announcement_of(
    const maintained& who, const maintenance_plan& plan, const offered_versions& offered,
    utc_time now, std::chrono::hours ahead
);
/// When the next announcement is due; after `now`.
std::optional<utc_time> next_announcement(
    const maintenance_plan& plan, utc_time now, std::chrono::hours ahead
);
maintenance_note note_of_move(const maintained& before, const version_move& move);
maintenance_note note_of_failure(
    const maintained& who, const std::string& what, const std::string& why, utc_time now
);

/// core/v1, beside its object; of a Seed in namespace default, where Kubernetes wants it.
value event_object(const maintained& who, const maintenance_note& note, utc_time now);

}  // namespace falconer::falco
