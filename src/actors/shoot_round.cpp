#include "shoot_round.hpp"

#include "kube_types.hpp"
#include "shoot_removal.hpp"

#include <algorithm>
#include <utility>

namespace falconer::actors {
namespace {

using operation = falco::extension_operation;

/// What may only be on its way, and a round of our own that fails, are not told before it has
/// failed so often: nobody is bothered with a hiccup.
constexpr int patience = 3;

constexpr std::chrono::seconds soon{5};  // how often it is looked at what others do

constexpr int most_tries = 5;  // to say something while others write about something else

std::string nothing_known_of(falco::extension_class is, const kube_key& key) {
    switch (is) {
        case falco::extension_class::seed:
            return "the Seed is not known: the garden has not been reached (yet)";
        case falco::extension_class::garden: return "there is no Garden in this cluster (yet)";
        case falco::extension_class::shoot: break;
    }
    return "there is no Cluster " + key.namespace_name + " (yet)";
}

}  // namespace

std::shared_ptr<const value> shoot_round::described_cluster() const {
    if (view_.is == falco::extension_class::seed) return with_.around.seed;
    if (view_.is == falco::extension_class::garden) return with_.around.garden;
    const auto found = with_.around.clusters.find(key_.namespace_name);
    return found == with_.around.clusters.end() ? nullptr : found->second;
}

task<result<value>> shoot_round::patch(value what, kube_part part) {
    const kube_write how{.part = part};
    auto             done = co_await with_.api.merge_patch(extensions, key_, std::move(what), how);
    co_return done;
}

/// Into the status, over the very words that were read or said last: whoever leads no longer and
/// does not know it must not take back what the other one has answered. What others write about
/// something else is in nobody's way. Errors: conflict, when somebody else has had the last word.
task<result<value>> shoot_round::say(value words) {
    for (int tries = 1;; ++tries) {
        words["metadata"]["resourceVersion"] = view_.resource_version;
        auto done                            = co_await patch(words, kube_part::status);
        if (done) {
            // Of the answer no more than this: its generation may be a later one than we work on.
            const auto told        = falco::read_extension(*done);
            view_.resource_version = told.resource_version;
            if (const auto* word = told.status.find("lastOperation"))
                view_.status["lastOperation"] = *word;
            view_.last_state = told.last_state;
            co_return done;
        }
        if (done.error().code != errc::conflict || tries == most_tries) co_return done;
        auto is = co_await with_.api.get(extensions, key_);
        if (!is) co_return is;
        const auto now = falco::read_extension(*is);
        if (!falco::is_still_ours(view_, now))
            co_return failure{errc::conflict, "somebody else has had the last word in its status"};
        view_.resource_version = now.resource_version;
    }
}

task<round_outcome> shoot_round::run() {
    auto got = co_await with_.api.get(extensions, key_);
    if (!got && got.error().code == errc::not_found)
        co_return round_outcome{.is = round_outcome::what::gone};
    if (!got) {
        round_outcome failed;
        failed.wrong = trouble(std::move(got).error());
        co_return failed;
    }
    object_ = std::move(*got);
    view_   = falco::read_extension(object_);
    if (!falco::is_ours(view_, with_.around.classes))
        co_return round_outcome{.is = round_outcome::what::gone};
    cluster_ = described_cluster();

    std::optional<falco::shoot_view> shoot;
    if (with_.around.shoot_namespaces.contains(key_.namespace_name)) {
        if (!cluster_) {
            round_outcome failed;
            failed.wrong = trouble(failure{errc::unavailable, nothing_known_of(view_.is, key_)});
            // It may only be on its way. If not, its owner is told, as far as it is ours to tell.
            decision_ = falco::decide(view_, shoot);
            asked_    = is_asked();
            if (decision_.run && before_.failures + 1 >= patience)
                co_await tell_trouble(*failed.wrong, failed);
            co_return failed;
        }
        shoot = falco::read_shoot_view(*cluster_);
    }
    decision_ = falco::decide(view_, shoot);
    if (!decision_.run) co_return round_outcome{.why = decision_.why};
    auto outcome = co_await act();
    co_return outcome;
}

/// Whether somebody waits for our word. If not, the round is our own: it does what was asked for
/// before, and says what it has to say in the conditions.
bool shoot_round::is_asked() const {
    const auto run = decision_.run;
    return decision_.acknowledge_first || !view_.succeeded() || falco::is_unanswered(view_) ||
           run == operation::migrate || run == operation::restore || run == operation::remove;
}

task<round_outcome> shoot_round::act() {
    round_outcome outcome;
    const auto    run = *decision_.run;
    asked_            = is_asked();

    auto wrong = co_await begin();
    if (wrong) {  // nothing has been done, so nothing is told
        outcome.wrong = std::move(wrong);
        co_return outcome;
    }
    if (run == operation::remove || run == operation::migrate)
        wrong = co_await take_away(outcome);
    else
        wrong = co_await work(outcome);
    // Gardenlet reads lastError first: this is how it hears of it before it has waited in vain.
    const bool leaves = run == operation::remove || run == operation::migrate;
    if (!wrong && asked_ && !leaves)
        if (auto why = falco::unbelievable_because(view_, now()); !why.empty())
            wrong = trouble(failure{errc::unavailable, std::move(why)});
    if (wrong) {
        co_await tell_trouble(*wrong, outcome);
        outcome.wrong = std::move(wrong);
    } else if (asked_ && outcome.is == round_outcome::what::done) {
        co_await tell_success(outcome);
    }
    co_return outcome;
}

/// The status says what we are at, then the annotation goes and the finalizer comes. In this order:
/// whoever comes after one that ended in between finds the request, or that it was begun. (Times
/// alone do not tell: a request may come within the second of the last answer.)
task<std::optional<trouble>> shoot_round::begin() {
    auto wrong = co_await say_processing();
    if (wrong) co_return wrong;
    if (auto first = falco::begin_patch(view_, decision_)) {
        auto done = co_await patch(std::move(*first), kube_part::whole);
        if (!done) co_return trouble(std::move(done).error());
        object_ = std::move(*done);
        view_   = falco::read_extension(object_);
    }
    co_return std::nullopt;
}

task<std::optional<trouble>> shoot_round::say_processing() {
    // A request is always answered by these words; another try of our own is no news.
    const bool requested = decision_.acknowledge_first || falco::is_unanswered(view_);
    const bool at_it     = view_.last_type == falco::name_of(*decision_.run) &&
                       (view_.last_state == "Processing" || view_.last_state == "Error");
    if (!asked_ || (at_it && (view_.last_state == "Processing" || !requested)))
        co_return std::nullopt;
    auto words = falco::processing_patch(*decision_.run, view_, now());
    auto done  = co_await say(std::move(words));
    if (!done) co_return trouble(std::move(done).error());
    // Whoever asks by hand need not set a time.
    const auto is = falco::read_extension(*done);
    if (is.operation != view_.operation || is.deleting != view_.deleting)
        co_return trouble(failure{errc::conflict, "something else has been asked for meanwhile"});
    co_return std::nullopt;
}

task<std::shared_ptr<const value>> shoot_round::newer_cluster() const {
    if (view_.is != falco::extension_class::shoot) co_return nullptr;
    const kube_key its{{}, key_.namespace_name};
    const auto     is = co_await with_.api.get(clusters_type, its);
    if (!is) co_return nullptr;
    auto now = falco::reduced_cluster(*is);
    if (now == *cluster_) co_return nullptr;
    co_return std::make_shared<const value>(std::move(now));
}

/// A spec takes effect when gardenlet says so, and not because we have come by: until then it is
/// the one before. False: nobody here knows that one any more.
bool shoot_round::keep_to_what_was_asked() {
    if (asked_ || view_.observed == 0 || view_.observed == view_.generation) return true;
    const auto& was = before_.carried_out;
    if (!was || was->generation != view_.observed) return false;
    auto spec = parse_json(was->spec);
    if (!spec) return false;
    object_["spec"]  = std::move(*spec);
    view_.generation = was->generation;
    return true;
}

task<std::optional<trouble>> shoot_round::work(round_outcome& into) {
    if (!keep_to_what_was_asked()) {
        into.why        = "its spec has changed, and nobody has asked for that yet";
        into.look_again = now() + with_.opt.resync;
        co_return std::nullopt;
    }
    auto wrong = co_await deliver(into);
    // A mistake is proven only against the newest Cluster: two watches tell in no order.
    if (wrong && !wrong->codes.empty()) {
        if (auto newer = co_await newer_cluster()) {
            cluster_ = std::move(newer);
            wrong    = co_await deliver(into);
        }
    }
    if (!wrong)
        if (const auto* spec = object_.find("spec"))
            into.carried_out = {.generation = view_.generation, .spec = json_text(*spec)};
    co_return wrong;
}

task<std::optional<trouble>> shoot_round::deliver(round_outcome& into) {
    if (!cluster_) co_return trouble(failure{errc::unavailable, nothing_known_of(view_.is, key_)});
    if (!with_.around.offered)
        co_return trouble(failure{
            errc::unavailable,
            "no FalcoProfile has been read: the garden has not been reached (yet)"
        });
    shoot_delivery delivery(with_.api, with_.around, with_.mint, now(), before_.delivery);
    auto           wrong  = co_await delivery.run(object_, *cluster_);
    const auto&    done   = delivery.done();
    into.writes          += done.writes;
    into.warnings         = done.warnings;
    into.broken_rules     = done.broken_rules;
    into.version_notice   = done.version_notice;
    resources_            = done.resources;
    into.rotating         = done.rotating;
    into.certificates     = done.verdict;
    into.contents         = done.contents;
    if (!wrong) tell_cluster(done);
    into.look_again = std::min(done.look_again, now() + with_.opt.resync);
    co_return wrong;
}

/// What its events will carry. Told every time: who takes them in may have come later than we.
void shoot_round::tell_cluster(const delivered& done) const {
    if (with_.clusters == nullptr || done.identity.empty()) return;
    const cluster_identity to{done.identity};
    heartbeat_expected     beats;
    if (done.token_issued) {
        with_.clusters->tell(to, token_rotated{*done.token_issued});
        if (!done.heartbeat_key.empty()) beats.key = done.heartbeat_key;
    }
    // Wanted is enough, and wakes it as well: contract §3.1.
    const auto* const sleeps =
        cluster_->find_path({"spec", "shoot", "spec", "hibernation", "enabled"});
    beats.asleep = sleeps != nullptr && sleeps->boolean().value_or(false);
    with_.clusters->tell(to, beats);
}

task<std::optional<trouble>> shoot_round::take_away(round_outcome& into) {
    const auto how  = decision_.run == operation::migrate ? removal_kind::migrate
                      : decision_.force                   ? removal_kind::force
                                                          : removal_kind::remove;
    auto       left = co_await remove_delivery(with_.api, view_.is, key_.namespace_name, how);
    if (!left) co_return trouble(std::move(left).error());
    if (with_.clusters != nullptr && cluster_) {
        field_problems none_to_tell;
        const auto     of = falco::read_cluster(object_, *cluster_, none_to_tell);
        if (!of.identity.empty()) with_.clusters->tell({of.identity}, cluster_gone{});
    }
    if (left->waiting.empty()) co_return std::nullopt;
    into.is         = round_outcome::what::waiting;
    into.look_again = now() + soon;
    into.why        = left->waiting;
    const bool late = before_.removing_since && now() - *before_.removing_since > with_.opt.removal;
    if (late) co_return trouble(failure{errc::timed_out, std::move(left->waiting)});
    co_return std::nullopt;
}

/// Success first, so that whoever waits for the object's end has seen it.
task<void> shoot_round::tell_success(round_outcome& into) {
    const auto run  = *decision_.run;
    auto       word = falco::success_patch(run, view_, now());
    const bool here = run != operation::remove && run != operation::migrate;
    if (here) falco::list_resources(word, resources_);
    auto told = co_await say(std::move(word));
    if (!told) {
        into.wrong = trouble(std::move(told).error());
        co_return;
    }
    std::optional<value> last;
    if (run == operation::remove) {
        last    = falco::remove_finalizer_patch(falco::read_extension(*told));
        into.is = round_outcome::what::gone;
    } else if (run == operation::migrate) {
        last                                   = falco::remove_all_finalizers_patch();
        (*last)["metadata"]["resourceVersion"] = view_.resource_version;
    }
    if (last) {
        told = co_await patch(std::move(*last), kube_part::whole);
        if (!told && told.error().code == errc::not_found) {  // it was being deleted as well
            into.is = round_outcome::what::gone;
            co_return;
        }
    }
    if (told && (run == operation::migrate || run == operation::restore)) {
        auto view = falco::read_extension(*told);
        if (view.operation == view_.operation) {
            told = co_await patch(falco::acknowledge_patch(view), kube_part::whole);
            if (!told && told.error().code == errc::not_found) into.is = round_outcome::what::gone;
        }
    }
    if (!told && told.error().code != errc::not_found) {
        into.is    = round_outcome::what::done;
        into.wrong = trouble(std::move(told).error());
    }
}

/// As well as it can: the trouble itself is what counts.
task<void> shoot_round::tell_trouble(const trouble& wrong, round_outcome& into) {
    // Somebody else has written, or nobody answers: not worth a word, the next round will do.
    if (wrong.why.code == errc::conflict) co_return;
    // The conditions say it, once it is more than a hiccup; `lastOperation` is for who asked.
    if (!asked_) {
        into.told_user = !wrong.codes.empty() || before_.failures + 1 >= patience;
        co_return;
    }
    auto words = falco::error_patch(*decision_.run, view_, wrong.why.detail, wrong.codes, now());
    // The same trouble again is no news, and writing it would wake everybody who watches.
    if (view_.last_state == "Error" && view_.status.text_at({"lastError", "description"}) ==
                                           words.text_at({"status", "lastError", "description"})) {
        into.told_user = true;
        co_return;
    }
    auto told      = co_await say(std::move(words));
    into.told_user = static_cast<bool>(told);
}

}  // namespace falconer::actors
