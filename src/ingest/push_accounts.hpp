// The books of the ingest endpoint: every request received ends in exactly one of these columns.
#pragma once

#include "falconer/metrics.hpp"
#include "falconer/ports/event_sink.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>

namespace falconer::ingest {

/// received = acknowledged (by how) + refused (by reason) + abandoned + in flight, at every moment.
/// Source: the accounting equations of docs/promises.md.
class push_accounts {
public:
    explicit push_accounts(metrics_registry& metrics);

    /// One request, from its header to its answer. Gone without an answer: its sender abandoned it.
    class ticket {
    public:
        explicit ticket(push_accounts& books);
        ~ticket();
        ticket(const ticket&)            = delete;
        ticket& operator=(const ticket&) = delete;

        void acknowledged(kept_as how) noexcept;
        void refused(std::string_view reason);

    private:
        void close() noexcept;

        push_accounts& books_;
        bool           closed_ = false;
    };

private:
    counter& refused_for(std::string_view reason);

    metrics_registry&                            metrics_;
    counter&                                     received_;
    counter&                                     acknowledged_;
    std::array<counter*, 6>                      acknowledged_as_{};  // by kept_as
    counter&                                     abandoned_;
    gauge&                                       in_flight_;
    std::map<std::string, counter*, std::less<>> refused_;
};

}  // namespace falconer::ingest
