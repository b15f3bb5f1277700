#include "watches.hpp"

#include "kube_types.hpp"
#include "profiles.hpp"

#include "falconer/falco/managed_resource.hpp"
#include "falconer/log.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace falconer::actors {
namespace {

const kube_type seeds_type{
    .group      = "core.gardener.cloud",
    .version    = "v1beta1",
    .kind       = "Seed",
    .plural     = "seeds",
    .namespaced = false
};
const kube_type gardens_type{
    .group      = "operator.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "Garden",
    .plural     = "gardens",
    .namespaced = false
};

/// Who looks at an Extension's spec reads it anew.
value reduced_extension(value object) {
    object = without_notes(std::move(object));
    if (auto* spec = object.find("spec")) spec->erase("providerConfig");
    if (auto* status = object.find("status")) {
        status->erase("providerStatus");
        status->erase("state");
    }
    return object;
}

value only_name(const value& object) {
    value made;
    made["metadata"]["name"] = object.text_at({"metadata", "name"});
    if (const auto space = object.text_at({"metadata", "namespace"}); !space.empty())
        made["metadata"]["namespace"] = space;
    return made;
}

/// What changes when the resource manager has done something, or the content has changed.
value reduced_managed_resource(value object) {
    auto made = only_name(object);
    for (const auto& path :
         {std::pair{"metadata", "generation"},
          {"metadata", "deletionTimestamp"},
          {"spec", "secretRefs"},
          {"status", "observedGeneration"},
          {"status", "secretsDataChecksum"},
          {"status", "conditions"}})
        if (const auto* found = object.find_path({path.first, path.second}))
            made[path.first][path.second] = *found;
    // When a condition was last looked at is no news.
    if (auto* status = made.find("status"))
        if (auto* conditions = status->find("conditions"))
            for (std::size_t i = 0; i < conditions->items().size(); ++i)
                conditions->item(i).erase("lastUpdateTime");
    return made;
}

}  // namespace

watches::watches(
    asio::any_io_executor loop, time_source& time, kube_api& seed, kube_api& garden,
    landscape& facts, shoots& actors, options opt
)
    : loop_(loop), time_(time), seed_(seed), garden_(garden), facts_(facts), actors_(actors),
      opt_(std::move(opt)), synced_bell_(time.make_bell()), scope_(std::move(loop)) {}

watches::~watches() = default;

one_watch& watches::add(
    std::string name, kube_api& api, kube_type type, kube_selection which,
    std::function<value(value)> reduce, one_watch::handler on
) {
    all_.push_back(std::make_unique<one_watch>(
        std::move(name), api, std::move(type), std::move(which), std::move(reduce), std::move(on),
        *synced_bell_
    ));
    auto& made = *all_.back();
    scope_.keep("watch " + made.name(), time_, [&made] { return made.run(); });
    return made;
}

task<void> watches::start() {
    profiles_ = &add(
        "FalcoProfiles", garden_, profiles_type, {}, without_notes,
        [this](const object_change&) {
            if (facts_.offered) read_profiles();
        }
    );
    profiles_->when_synced([this] { read_profiles(); });
    std::vector<one_watch*> of_garden{profiles_};
    if (!opt_.seed_name.empty())
        of_garden.push_back(&add(
            "the Seed", garden_, seeds_type, {.fields = "metadata.name=" + opt_.seed_name},
            [](value seed) { return seed; },
            [this](const object_change& change) {
                heard_landlord(falco::extension_class::seed, facts_.seed, change);
            }
        ));
    if (facts_.classes.contains(falco::extension_class::garden))
        of_garden.push_back(&add(
            "the Garden", seed_, gardens_type, {}, falco::reduced_garden,
            [this](const object_change& change) {
                heard_landlord(falco::extension_class::garden, facts_.garden, change);
            }
        ));
    std::vector<one_watch*> first{
        &add(
            "namespaces of shoots", seed_, namespaces, {.labels = "gardener.cloud/role=shoot"},
            only_name, [this](const object_change& change) { heard_namespace(change); }
        ),
        &add(
            "Clusters", seed_, clusters_type, {}, falco::reduced_cluster,
            [this](const object_change& change) { heard_cluster(change); }
        )
    };
    co_await wait_for(first, never);
    co_await wait_for(of_garden, time_.now() + opt_.garden);

    std::vector<one_watch*> last{&add(
        "Extensions", seed_, extensions, {}, reduced_extension,
        [this](const object_change& change) { actors_.heard(change); }
    )};
    std::set<std::string>   ours;
    for (const auto is : facts_.classes) {
        falco::cluster_facts of;
        of.is = is;
        ours.insert(falco::target_resource(of).name);
        ours.insert(falco::seed_resource(of).name);
    }
    for (const auto& name : ours)
        last.push_back(&add(
            "ManagedResources " + name, seed_, falco::managed_resources,
            {.fields = "metadata.name=" + name}, reduced_managed_resource,
            [this](const object_change& change) { heard_delivery(change); }
        ));
    // Copies of what users refer to come and change with this one.
    // Source: Gardener's docs/extensions/referenced-resources.md.
    std::vector<std::string> copies{"referenced-resources"};
    if (!opt_.seed_name.empty()) copies.push_back(copies.front() + '-' + opt_.seed_name);
    for (const auto& name : copies)
        last.push_back(&add(
            name, seed_, falco::managed_resources, {.fields = "metadata.name=" + name},
            reduced_managed_resource,
            [this](const object_change& change) {
                if (change.before) actors_.tell(change.key.namespace_name, reference_changed{});
            }
        ));
    co_await wait_for(last, never);
    facts_.deliveries_known = true;
    started_                = true;
}

task<void> watches::wait_for(std::vector<one_watch*> all, steady_time until) {
    const auto done = [&] {
        return std::all_of(all.begin(), all.end(), [](const auto* each) {
            return each->cache().synced();
        });
    };
    while (!done() && time_.now() < until) co_await synced_bell_->wait_until(until);
}

bool watches::synced() const {
    return started_ && std::all_of(all_.begin(), all_.end(), [&](const auto& each) {
               return each->cache().synced() || !each->is_of(seed_) || &seed_ == &garden_;
           });
}

bool watches::seed_is_heard() const {
    return std::all_of(all_.begin(), all_.end(), [&](const auto& each) {
        return each->trouble().empty() || !each->is_of(seed_);
    });
}

std::vector<std::string> watches::troubles() const {
    std::vector<std::string> all;
    for (const auto& each : all_)
        if (!each->trouble().empty()) all.push_back(each->trouble());
    return all;
}

void watches::heard_namespace(const object_change& change) {
    if (change.after)
        facts_.shoot_namespaces.insert(change.key.name);
    else
        facts_.shoot_namespaces.erase(change.key.name);
    actors_.tell(change.key.name, cluster_changed{});
}

void watches::heard_delivery(const object_change& change) {
    if (change.after)
        facts_.deliveries.insert_or_assign(change.key, falco::state_of(*change.after));
    else
        facts_.deliveries.erase(change.key);
    if (!change.before) return;
    actors_.tell(change.key.namespace_name, delivery_changed{});
    if (!change.after || !change.after->text_at({"metadata", "deletionTimestamp"}).empty())
        actors_.tell(change.key.namespace_name, delivery_lost{});
}

void watches::heard_cluster(const object_change& change) {
    const auto identity_in = [](const value& cluster) {
        return std::string(cluster.text_at({"spec", "shoot", "status", "clusterIdentity"}));
    };
    if (change.before) facts_.control_planes.erase(identity_in(*change.before));
    if (change.after) {
        facts_.clusters.insert_or_assign(
            change.key.name, std::make_shared<const value>(*change.after)
        );
        facts_.control_planes.insert_or_assign(
            identity_in(*change.after),
            landscape::control_plane{change.key.name, falco::extension_class::shoot}
        );
    } else {
        facts_.clusters.erase(change.key.name);
    }
    actors_.tell(change.key.name, cluster_changed{});
}

/// The Seed or the Garden, whichever it is that owns the cluster.
void watches::heard_landlord(
    falco::extension_class is, std::shared_ptr<const value>& who, const object_change& change
) {
    if (!change.after) return;  // we run on it, so it is there; the garden may be mended
    const bool first = !who;
    const auto same  = [&](std::initializer_list<std::string_view> path) {
        const auto* const a = change.before ? change.before->find_path(path) : nullptr;
        const auto* const b = change.after->find_path(path);
        return (a == nullptr && b == nullptr) || (a != nullptr && b != nullptr && *a == *b);
    };
    const bool matters = first || !same({"spec"}) || !same({"status", "clusterIdentity"});
    who                = std::make_shared<const value>(*change.after);
    const auto identity =
        is == falco::extension_class::seed
            ? who->text_at({"status", "clusterIdentity"})
            : who->text_at({"spec", "virtualCluster", "gardener", "clusterIdentity"});
    if (!identity.empty())
        facts_.control_planes.insert_or_assign(
            std::string(identity), landscape::control_plane{"garden", is}
        );
    if (matters) actors_.tell("garden", cluster_changed{});
}

void watches::read_profiles() {
    auto merged = actors::read_profiles(profiles_->cache());
    for (const auto& each : merged->warnings)
        if (!said_.contains(each))
            log_of("watch").warn("a FalcoProfile is odd reason=\"{}\"", each);
    said_          = {merged->warnings.begin(), merged->warnings.end()};
    facts_.offered = std::move(merged);
    actors_.tell_all(releases_changed{});
    if (opt_.profiles_read) opt_.profiles_read();
}

}  // namespace falconer::actors
