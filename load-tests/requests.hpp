// The requests of a load: prepared once per cluster and sample event, patched in place per sending.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::load {

using uuid_bytes = std::array<std::uint8_t, 16>;

/// One event that was or will be offered. Sending it twice sends the same bytes.
struct event_record {
    std::uint32_t request{0};  ///< which of the prepared requests
    uuid_bytes    uuid{};
    std::int64_t  time_ns{0};  ///< Units: nanoseconds since 1970
};

class request_book {
public:
    /// `tokens`: one JWT a line; the cluster is the one that the token names. `samples`: one event
    /// a line, each with `uuid`, `time` and `output_fields.cluster_id`. Throws std::runtime_error
    /// naming the file and line that cannot be used.
    request_book(
        const std::string& tokens, const std::string& samples, std::string_view host,
        std::string_view path
    );

    std::uint32_t size() const { return static_cast<std::uint32_t>(prepared_.size()); }
    std::size_t   clusters() const { return clusters_; }
    std::size_t   mean_body_bytes() const { return body_bytes_ / prepared_.size(); }

    /// A new event, for the clusters and samples in turn, with a uuid of its own.
    event_record next(std::int64_t now_ns);

    /// The bytes of the request. Valid until the next call.
    std::string_view bytes(const event_record& event);

private:
    struct prepared {
        std::string bytes{};
        std::size_t uuid_at{0};
        std::size_t time_at{0};
        std::size_t evt_time_at{0};  ///< 0: the sample has none
    };

    void add(
        const std::string& cluster, const std::string& token, std::string sample,
        std::string_view head
    );
    void write_time(prepared& request, std::int64_t time_ns);

    std::vector<prepared> prepared_{};
    std::size_t           clusters_{0};
    std::size_t           body_bytes_{0};
    std::uint64_t         seed_{0};
    std::uint64_t         made_{0};
    std::int64_t          formatted_second_{-1};
    std::array<char, 32>  formatted_{};
};

}  // namespace falconer::load
