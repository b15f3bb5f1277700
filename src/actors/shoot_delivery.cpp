#include "shoot_delivery.hpp"

#include "kube_types.hpp"
#include "managed_delivery.hpp"

#include "falconer/falco/delivery_plan.hpp"
#include "falconer/falco/version_policy.hpp"

#include <algorithm>
#include <utility>

namespace falconer::actors {
namespace {

/// What the pods run with, kept where the next round finds it.
constexpr const char* falco_note    = "falco.extensions.gardener.cloud/falco-certificates";
constexpr const char* sidekick_note = "falco.extensions.gardener.cloud/falcosidekick-certificates";

/// A managed seed may be a shoot that has its Falco from outside already, and a seed may be the
/// garden's own cluster: two would take turns at the same objects for ever. Whoever comes second is
/// told. Source of the annotation: gardener/gardener, pkg/apis/resources/v1alpha1.
task<result<void>> meets_no_other(kube_api& api, const falco::cluster_facts& cluster) {
    if (cluster.is == falco::extension_class::shoot) co_return result<void>{};
    const kube_type daemon_sets{.group = "apps", .kind = "DaemonSet", .plural = "daemonsets"};
    const kube_key  its{"kube-system", "falco"};
    auto            is = co_await api.get(daemon_sets, its);
    const bool looked = is || is.error().code == errc::not_found || is.error().code == errc::denied;
    if (!looked) co_return std::move(is).error().while_doing("looking for another Falco");
    if (!is) co_return result<void>{};  // not there, or nobody lets us look
    const auto from = is->text_at({"metadata", "annotations", "resources.gardener.cloud/origin"});
    const auto ours = cluster.control_plane + '/' + falco::target_resource(cluster).name;
    if (from.empty() || from == ours || from.ends_with(':' + ours)) co_return result<void>{};
    co_return failure{
        errc::already_exists, "this cluster has a Falco already, delivered by ManagedResource " +
                                  std::string(from) + "; it cannot have two"
    };
}

bool is_users(const field_problem& problem) {
    return problem.path.starts_with(falco::provider_config_path);
}

}  // namespace

trouble trouble::by_user(const field_problems& problems) {
    std::string text;
    for (const auto& each : problems) text += (text.empty() ? "" : "; ") + each.text();
    trouble made(failure{errc::malformed, std::move(text)});
    if (std::all_of(problems.begin(), problems.end(), is_users))
        made.codes = {"ERR_CONFIGURATION_PROBLEM"};
    return made;
}

task<std::optional<trouble>> shoot_delivery::run(const value& extension, const value& cluster) {
    field_problems problems;
    cluster_ = falco::read_cluster(extension, cluster, problems);
    if (!problems.empty()) co_return trouble::by_user(problems);
    auto asked = falco::read_service(extension, cluster_, *offered_, around_.settings, now_);
    if (!asked.problems.empty()) co_return trouble::by_user(asked.problems);
    service_ = std::move(asked.service);
    if (service_.falco_version)
        done_.version_notice = falco::notice_of_end(offered_->falco, *service_.falco_version, now_);

    auto alone = co_await meets_no_other(api_, cluster_);
    if (!alone) co_return trouble(std::move(alone).error());
    if (auto wrong = co_await read_references()) co_return wrong;
    if (auto wrong = co_await prepare_credentials()) co_return wrong;

    falco::delivery_want want{
        .cluster               = cluster_,
        .service               = service_,
        .settings              = around_.settings,
        .offered               = *offered_,
        .rules                 = *rules_,
        .config_maps           = config_maps_,
        .secrets               = secrets_,
        .tokens                = credentials_.ready,
        .heartbeat_key         = credentials_.heartbeat_key,
        .service_account_epoch = credentials_.service_account_epoch,
        .now                   = now_,
        .path                  = falco::provider_config_path,
    };
    auto to = falco::target_resource(cluster_);
    if (credentials_.certificates) {
        want.certificates = credentials_.certificates->delivery;
        to.annotations    = {
            {falco_note, want.certificates.falco_checksum},
            {sidekick_note, want.certificates.falcosidekick_checksum}
        };
    }
    auto plan = falco::plan_delivery(want);
    // That no rules would be left is not the last word: good ones may be there already.
    if (!plan.problems.empty() && plan.broken_rules.empty())
        co_return trouble::by_user(plan.problems);
    done_.warnings = plan.warnings;
    if (!plan.broken_rules.empty()) {
        auto had = co_await read_delivered_rules();
        if (!had)
            co_return trouble(std::move(had).error().while_doing("the rules that are delivered"));
        want.delivered_rules = &*had;
        plan                 = falco::plan_delivery(want);
        if (!plan.problems.empty()) co_return trouble::by_user(plan.problems);
        for (const auto& each : plan.broken_rules) done_.broken_rules.push_back(each.text());
    }

    auto out = co_await deliver_to(std::move(to), plan.target);
    if (!out) co_return trouble(std::move(out).error());
    if (cluster_.is == falco::extension_class::garden) co_return std::nullopt;
    auto beside = falco::seed_resource(cluster_);
    out         = co_await deliver_to(std::move(beside), plan.seed);
    if (!out) co_return trouble(std::move(out).error());
    co_return std::nullopt;
}

/// Null: it does not exist.
task<result<value>> shoot_delivery::find(const kube_type& type, std::string name) {
    kube_key key{cluster_.control_plane, std::move(name)};
    auto     got = co_await api_.get(type, std::move(key));
    if (!got && got.error().code == errc::not_found) co_return value{};
    co_return got;
}

task<result<std::vector<falco::rule_file>>> shoot_delivery::read_delivered_rules() {
    std::vector<value> delivered;
    for (const auto& name : falco::secrets_of(target_)) {
        auto secret = co_await find(secrets, name);
        if (!secret) co_return std::move(secret).error();
        auto in = falco::objects_in(*secret);
        // What nobody can read any more was not the last good set.
        if (in) std::move(in->begin(), in->end(), std::back_inserter(delivered));
    }
    co_return falco::custom_rules_in(delivered);
}

task<std::optional<trouble>> shoot_delivery::read_references() {
    done_.resources  = falco::resources_of(service_, cluster_);
    const auto names = falco::references_of(service_, cluster_);
    for (const auto& name : names.config_maps) {
        const kube_key key{cluster_.control_plane, name};
        auto           got = co_await api_.get(config_maps, key);
        if (!got) co_return trouble(std::move(got).error().while_doing("custom rules"));
        config_maps_.insert_or_assign(name, std::move(*got));
    }
    for (const auto& name : names.secrets) {
        const kube_key key{cluster_.control_plane, name};
        auto           got = co_await api_.get(secrets, key);
        if (!got) co_return trouble(std::move(got).error().while_doing("a destination's Secret"));
        secrets_.insert_or_assign(name, std::move(*got));
    }
    co_return std::nullopt;
}

/// What every pod runs with, if the resource manager says that all of them have rolled.
falco::rolled_out shoot_delivery::moved() const {
    const auto state = falco::state_of(target_);
    if (!state.applied || !state.healthy || state.progressing) return {};
    return {
        .falco         = std::string(target_.text_at({"metadata", "annotations", falco_note})),
        .falcosidekick = std::string(target_.text_at({"metadata", "annotations", sidekick_note})),
    };
}

task<std::optional<trouble>> shoot_delivery::prepare_credentials() {
    const auto certificate_name = falco::certificate_secret_of(cluster_.is);
    const auto token_name       = falco::token_secret_of(cluster_.is);

    auto target = co_await find(falco::managed_resources, falco::target_resource(cluster_).name);
    if (!target) co_return trouble(std::move(target).error());
    target_           = std::move(*target);
    auto certificates = co_await find(secrets, certificate_name);
    if (!certificates) co_return trouble(std::move(certificates).error());
    auto tokens = co_await find(secrets, token_name);
    if (!tokens) co_return trouble(std::move(tokens).error());

    std::optional<falco::kept_secret> kept_certificates, kept_tokens;
    for (auto [object, kept] :
         {std::pair{&*certificates, &kept_certificates}, {&*tokens, &kept_tokens}}) {
        if (object->is_null()) continue;
        auto read = falco::as_kept(*object);
        if (!read)
            co_return trouble(
                std::move(read).error().while_doing("Secret " + key_of(*object).text())
            );
        *kept = std::move(*read);
    }
    const falco::credentials_want want{
        .cluster               = cluster_,
        .service               = service_,
        .settings              = around_.settings,
        .needs                 = falco::needs_of(service_, around_.settings),
        .moved                 = moved(),
        .tokens_revoked_before = known_.tokens_refused_before,
        .mint                  = mint_,
        .known                 = std::move(known_.certificates),
    };
    auto planned = falco::plan_credentials(kept_certificates, kept_tokens, want, now_);
    if (!planned) co_return trouble(std::move(planned).error());
    credentials_       = std::move(*planned);
    done_.look_again   = credentials_.look_again;
    done_.identity     = cluster_.identity;
    done_.token_issued = credentials_.central_issued;
    if (!cluster_.hibernated) done_.heartbeat_key = credentials_.heartbeat_key;

    const auto& in = cluster_.control_plane;
    if (const auto& made = credentials_.certificates) {
        done_.rotating = made->waits_for_pods;
        if (made->write) {
            auto object = falco::as_object(made->kept, certificate_name, in);
            auto kept   = co_await keep(std::move(object), *certificates);
            if (!kept) co_return trouble(std::move(kept).error());
        }
        done_.verdict = made->verdict;
    }
    if (credentials_.write_tokens) {
        auto object = falco::as_object(credentials_.tokens, token_name, in);
        auto kept   = co_await keep(std::move(object), *tokens);
        if (!kept) co_return trouble(std::move(kept).error());
    }
    co_return std::nullopt;
}

/// Over the very one that was read.
task<result<void>> shoot_delivery::keep(value object, const value& was) {
    const auto key = key_of(object);
    ++done_.writes;
    if (was.is_null()) {
        auto made = co_await api_.create(secrets, key, std::move(object), {});
        if (!made) co_return lost_race(std::move(made).error());
        co_return result<void>{};
    }
    object["metadata"]["resourceVersion"] = std::string(resource_version_of(was));
    auto made = co_await api_.update(secrets, key, std::move(object), {});
    if (!made) co_return std::move(made).error();
    co_return result<void>{};
}

task<result<void>> shoot_delivery::deliver_to(
    falco::managed_resource_name to, const std::vector<value>& items
) {
    const bool target = to.name == falco::target_resource(cluster_).name;
    auto       was    = result<value>(target_);
    if (!target) was = co_await find(falco::managed_resources, to.name);
    if (!was) co_return std::move(was).error();
    if (items.empty()) {
        auto gone = co_await withdraw(api_, *was);
        if (!gone) co_return std::move(gone).error();
        done_.writes += *gone;
    } else {
        auto name = to.name;
        auto done = co_await deliver(api_, std::move(to), items, *was, around_.parts);
        if (!done) co_return std::move(done).error();
        done_.writes += done->writes;
        done_.contents.emplace_back(std::move(name), done->content);
    }
    co_return result<void>{};
}

}  // namespace falconer::actors
