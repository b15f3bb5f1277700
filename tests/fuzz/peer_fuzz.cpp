// Fuzzes what comes over the wire between processes: envelopes and the messages in them.
#include "carrier/envelopes.hpp"
#include "falconer/messages_wire.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace falconer;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

/// Whatever is understood is written as something that is understood the same.
template <class Read>
void check_message(const value& wire, Read&& read) {
    const auto got = read(wire);
    const int  ways =
        (got.message ? 1 : 0) + (got.unknown.empty() ? 0 : 1) + (got.problem.empty() ? 0 : 1);
    require(ways == 1, "a message, or a kind that nobody knows, or a problem");
    if (!got.message) return;
    const auto again = read(to_wire(got.to, *got.message));
    require(again.message && again.to == got.to, "what was read can be written and read");
    require(says_the_same(*again.message, *got.message), "and says the same");
}

void check_messages(const value::list_type& all) {
    for (const auto& each : all) {
        check_message(each, [](const value& is) { return cluster_message_of(is); });
        check_message(each, [](const value& is) { return shoot_message_of(is); });
    }
}

template <class Envelope>
bool check_envelope(std::string_view text, result<Envelope> (*read)(std::string_view)) {
    const auto got = read(text);
    if (!got) {
        require(!got.error().detail.empty(), "it says why");
        return false;
    }
    const auto again = read(carrier::text_of(*got));
    require(static_cast<bool>(again), "what was read can be written and read");
    require(carrier::text_of(*again) == carrier::text_of(*got), "and stays the same");
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (check_envelope(text, carrier::read_tell))
        check_messages(carrier::read_tell(text)->messages);
    if (check_envelope(text, carrier::read_answer))
        check_messages(carrier::read_answer(text)->messages);
    check_envelope(text, carrier::read_hear);
    if (const auto one = parse_json(text)) check_messages({*one});
    require(carrier::read_refusal(text).why.size() <= 200, "a refusal is one short line");
    return 0;
}
