#include "isolation.hpp"

#include "falconer/mailbox.hpp"

#include <asio/error.hpp>

#include <cstring>
#include <exception>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

namespace falconer::actors {
namespace {

/// The store understood the batch and will never take it as it is.
bool is_poison(const failure& why) {
    return why.code == errc::malformed || why.code == errc::too_large || why.code == errc::conflict;
}

kept_as kept(stored_as how) {
    constexpr kept_as same[] = {
        kept_as::committed, kept_as::duplicate, kept_as::quarantined, kept_as::counted
    };
    return same[static_cast<std::size_t>(how)];
}

/// What the store refuses, set aside; and what it refuses even then, counted at least. Nothing: a
/// count has no other form.
std::optional<ingest_record> in_another_form(ingest_record culprit, const failure& why) {
    if (std::holds_alternative<event_tally>(culprit)) return std::nullopt;
    if (auto* event = std::get_if<falco_event>(&culprit)) {
        return quarantined_body{
            .from     = event->from,
            .received = event->received,
            .about    = "store",
            .reason   = "the store refuses it: " + why.detail,
            .body     = body_of(*event),
        };
    }
    return event_tally{
        .from = sender_of(culprit),
        .why  = event_tally::cause::quarantine_full,
        .minute =
            std::chrono::floor<std::chrono::minutes>(std::get<quarantined_body>(culprit).received),
    };
}

/// Source: FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
std::uint64_t hash_of(std::string_view text, std::uint64_t hash = 0xCBF2'9CE4'8422'2325) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x0000'0100'0000'01B3;
    return hash;
}

/// Of what stands for a record: the same in whatever batch, and beside whomever, it comes again, so
/// that it is counted once.
uuid id_of_another_form(const ingest_record& record) {
    const auto cluster = hash_of(sender_of(record)->text);
    if (const auto* event = std::get_if<falco_event>(&record))
        return id_of_part(event->id, cluster);
    const auto& body = std::get<quarantined_body>(record);
    const auto  when = static_cast<std::uint64_t>(body.received.time_since_epoch().count());
    return id_of_part(id_of_part({}, when), hash_of(body.body, cluster));
}

using insert_result = result<std::vector<stored_as>>;

/// A throw would end the one who stores for all. It came of the batch's contents: so it is refused
/// like every other poison, and the culprit will be found.
task<insert_result> without_throws(task<insert_result> work) {
    std::string why;
    try {
        co_return co_await std::move(work);
    } catch (const std::system_error& stopped) {
        if (stopped.code() == asio::error::operation_aborted) throw;
        why = stopped.what();
    } catch (const std::exception& broken) {
        why = broken.what();
    }
    log_of("store_writer").error("storing a batch threw what=\"{}\"", why);
    co_return failure{errc::malformed, "storing it threw: " + why};
}

}  // namespace

/// Source of the mixing: SplitMix64.
uuid id_of_part(const uuid& whole, std::uint64_t which) {
    const auto mixed = [](std::uint64_t x) {
        x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
        x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
        return x ^ (x >> 31);
    };
    uuid          part;
    std::uint64_t state = which;
    for (std::size_t at = 0; at < part.bytes.size(); at += sizeof state) {
        std::uint64_t word = 0;
        std::memcpy(&word, whole.bytes.data() + at, sizeof word);
        state = mixed(state + word + 0x9E37'79B9'7F4A'7C15);
        std::memcpy(part.bytes.data() + at, &state, sizeof state);
    }
    return part;
}

isolation::isolation(
    time_source& time, event_store& store, event_spool& spool, metrics_registry& metrics,
    std::chrono::milliseconds spool_limit
)
    : time_(time), store_(store), spool_(spool), spool_limit_(spool_limit),
      isolated_(metrics.make_counter(
          "falconer_store_isolated_total",
          "Records the store refused for their contents; they were quarantined."
      )),
      dead_letters_(metrics.make_counter(
          "falconer_store_dead_letters_total",
          "Records the store refused in every form; they are in a file beside the spool."
      )) {}

task<result<isolation::verdicts>> isolation::ask(
    const record_batch& what, steady_time::duration limit
) {
    auto whole  = without_throws(store_.insert(what));
    auto stored = co_await with_timeout(time_, limit, std::move(whole));
    if (!stored) co_return std::move(stored).error();
    verdicts all;
    all.reserve(stored->size());
    for (const auto how : *stored) all.push_back(kept(how));
    co_return all;
}

task<result<isolation::verdicts>> isolation::insert(
    const record_batch& what, steady_time::duration limit
) {
    auto stored = co_await ask(what, limit);
    if (stored || !is_poison(stored.error()) || what.records.empty()) co_return stored;
    if (what.records.size() > 1) co_return co_await insert_halves(what, limit);
    auto why = std::move(stored).error();
    co_return co_await insert_in_another_form(what, std::move(why), limit);
}

/// One bad record among n costs about 2 log2(n) further inserts, and nobody else his place.
task<result<isolation::verdicts>> isolation::insert_halves(
    record_batch what, steady_time::duration limit
) {
    // Ids of their own: nothing of the whole was stored, and each half is stored by itself.
    const auto   whole  = what.id;
    const auto   middle = static_cast<std::ptrdiff_t>(what.records.size() / 2);
    record_batch second{.id = id_of_part(whole, 2), .records = {}, .replayed = what.replayed};
    second.records.assign(
        std::make_move_iterator(what.records.begin() + middle),
        std::make_move_iterator(what.records.end())
    );
    what.records.erase(what.records.begin() + middle, what.records.end());
    what.id = id_of_part(whole, 1);

    auto left = co_await insert(what, limit);
    if (!left) co_return left;
    auto right = co_await insert(second, limit);
    if (!right) co_return right;
    left->insert(left->end(), right->begin(), right->end());
    co_return left;
}

task<result<isolation::verdicts>> isolation::insert_in_another_form(
    const record_batch& one, failure why, steady_time::duration limit
) {
    const auto& culprit = one.records.front();
    auto        form    = in_another_form(culprit, why);
    if (form) isolated_.add();
    while (form) {
        record_batch instead{
            .id = id_of_another_form(culprit), .records = {}, .replayed = one.replayed
        };
        instead.records.push_back(*std::move(form));
        auto stored = co_await ask(instead, limit);
        if (stored || !is_poison(stored.error())) co_return stored;
        why  = std::move(stored).error();
        form = in_another_form(std::move(instead.records.front()), why);
    }
    co_return co_await keep_dead_letter(culprit, why);
}

task<result<isolation::verdicts>> isolation::keep_dead_letter(
    const ingest_record& record, const failure& why
) {
    auto work = spool_.keep_dead_letter(record, why.detail);
    auto done = co_await with_timeout(time_, spool_limit_, std::move(work));
    if (!done)
        co_return failure{errc::malformed, done.error().detail}.while_doing(
            "keeping what the store refuses in every form (" + why.detail + ")"
        );
    dead_letters_.add();
    if (const auto held = gate_.open(time_.now()))
        log_of("store_writer")
            .error(
                "the store takes a record in no form; it is kept among the dead letters of the "
                "spool "
                "cluster=\"{}\" reason=\"{}\" suppressed={}",
                sender_of(record)->text, why.detail, *held
            );
    co_return verdicts{kept_as::dead_letter};
}

}  // namespace falconer::actors
