#include "managed_delivery.hpp"

#include "falconer/log.hpp"
#include "kube_types.hpp"

#include <algorithm>
#include <utility>

namespace falconer::actors {
namespace {

/// What others referred to before us lacks the mark, and nobody would ever take it away. Source:
/// gardener/gardener, pkg/utils/managedresources.
task<result<void>> let_collect(kube_api& api, kube_key secret) {
    value patch;
    patch["metadata"]["labels"][falco::collectable_label] = "true";
    auto done = co_await api.merge_patch(secrets, std::move(secret), std::move(patch), {});
    if (!done && done.error().code != errc::not_found) co_return std::move(done).error();
    co_return result<void>{};
}

bool is_going(const value& object) {
    return !object.text_at({"metadata", "deletionTimestamp"}).empty();
}

bool is_collectable(const value& secret) {
    return secret.text_at({"metadata", "labels", falco::collectable_label}) == "true";
}

/// Brings a Secret to its name. One that is there already is good only if it holds the same: it may
/// be somebody else's, or half of one. What is immutable is replaced as a whole. How much was
/// written.
task<result<std::size_t>> bring(kube_api& api, value secret, const falco::object_bundle& one) {
    const auto key  = key_of(secret);
    auto       copy = secret;
    auto       made = co_await api.create(secrets, key, std::move(copy), {});
    if (made) co_return std::size_t{1};
    if (made.error().code != errc::already_exists) co_return std::move(made).error();
    auto there = co_await api.get(secrets, key);
    if (!there) co_return std::move(there).error();
    if (is_going(*there))
        co_return failure{
            errc::unavailable, "Secret " + key.text() +
                                   " is being deleted; it is made anew "
                                   "afterwards"
        };
    if (falco::holds(*there, one)) {
        if (is_collectable(*there)) co_return std::size_t{0};
        auto marked = co_await let_collect(api, key);
        if (!marked) co_return std::move(marked).error();
        co_return std::size_t{1};
    }
    log_of("shoot").warn(
        "a Secret holds something else than its name says and is replaced secret={}", key.text()
    );
    kube_removal just_that;
    just_that.uid              = there->text_at({"metadata", "uid"});
    just_that.resource_version = std::string(resource_version_of(*there));
    auto gone                  = co_await api.remove(secrets, key, just_that);
    if (!gone && gone.error().code != errc::not_found) co_return std::move(gone).error();
    // Whoever is faster now is looked at in the next round.
    auto again = co_await api.create(secrets, key, std::move(secret), {});
    if (!again) co_return std::move(again).error();
    co_return std::size_t{2};
}

}  // namespace

failure lost_race(failure why) {
    if (why.code == errc::already_exists) why.code = errc::conflict;
    return why;
}

task<result<delivery_done>> deliver(
    kube_api& api, falco::managed_resource_name to, const std::vector<value>& items,
    const value& was, std::shared_ptr<falco::compressed_parts> parts
) {
    // Nothing written into it now would last. Whoever takes it away ends it, and we hear of that.
    if (is_going(was))
        co_return failure{
            errc::unavailable, "ManagedResource " + key_of(was).text() +
                                   " is being deleted; it is made anew afterwards"
        };
    const auto    bundles = falco::bundle(to, items);
    auto          made    = falco::managed_resource(to, bundles, was);
    const bool    same    = made == was;
    delivery_done done{.content = falco::content_of(made)};
    // Secrets first: the resource manager looks only once. Of what it already refers to, only if it
    // cannot apply it: somebody may have taken them away, or put something else in their place.
    const auto state = falco::state_of(was);
    const bool well  = state.applied || state.progressing;
    if (same && well) co_return done;
    const auto there = falco::secrets_of(was);
    for (const auto& each : bundles) {
        if (well && std::find(there.begin(), there.end(), each.secret) != there.end()) continue;
        auto secret = falco::secret_of(to, each, *parts);
        if (!secret) co_return std::move(secret).error();
        auto brought = co_await bring(api, std::move(*secret), each);
        if (!brought) co_return lost_race(std::move(brought).error());
        done.writes += *brought;
    }
    if (same) co_return done;
    for (const auto& name : there) {
        if (falco::is_content_addressed(to, name)) continue;
        kube_key old{to.namespace_name, name};
        auto     freed = co_await let_collect(api, std::move(old));
        if (!freed) co_return std::move(freed).error();
        ++done.writes;
    }
    ++done.writes;
    const auto key = key_of(made);
    auto written   = was.is_null() ? api.create(falco::managed_resources, key, std::move(made), {})
                                   : api.update(falco::managed_resources, key, std::move(made), {});
    auto answer    = co_await std::move(written);
    if (!answer) co_return lost_race(std::move(answer).error());
    co_return done;
}

task<result<std::size_t>> withdraw(kube_api& api, const value& was) {
    if (was.is_null() || is_going(was)) co_return std::size_t{0};
    const kube_removal removal;
    const auto         key = key_of(was);
    for (const auto& name : falco::secrets_of(was)) {
        const kube_key its{key.namespace_name, name};
        auto           gone = co_await api.remove(secrets, its, removal);
        if (!gone && gone.error().code != errc::not_found) co_return std::move(gone).error();
    }
    auto gone = co_await api.remove(falco::managed_resources, key, removal);
    if (!gone && gone.error().code != errc::not_found) co_return std::move(gone).error();
    co_return std::size_t{1};
}

}  // namespace falconer::actors
