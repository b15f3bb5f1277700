#include "batch_counts.hpp"

#include "pg_array.hpp"

#include <algorithm>

namespace falconer::store {

namespace {

/// A column's elements, and whether they are all the same.
class column {
public:
    void add(std::int64_t value) {
        if (size_++ == 0) first_ = value;
        same_ = same_ && value == first_;
        all_.add(value);
    }
    /// An expression of that type. What repeats is said once: the server reads digit by digit.
    std::string text(const std::string& type) const {
        if (!same_ || size_ < worth_it) return '\'' + all_.text() + "'::" + type + "[]";
        return "array_fill(" + std::to_string(first_) + "::" + type + ", '{" +
               std::to_string(size_) + "}')";
    }

private:
    static constexpr std::size_t worth_it = 16;

    pg_array     all_{};
    std::size_t  size_  = 0;
    std::int64_t first_ = 0;
    bool         same_  = true;
};

/// The columns, an element each per place.
struct columns {
    column minutes{}, clusters{}, rules{}, levels{}, counts{};

    explicit columns(std::vector<event_place>& places) {
        std::ranges::sort(places);
        for (auto first = places.begin(); first != places.end();) {
            const auto behind =
                std::find_if(first, places.end(), [&](const auto& each) { return each != *first; });
            minutes.add(first->minute);
            clusters.add(first->cluster);
            rules.add(first->rule);
            levels.add(first->level);
            counts.add(behind - first);
            first = behind;
        }
    }
    std::string text() const {
        return minutes.text("int4") + ", " + clusters.text("int4") + ", " + rules.text("int4") +
               ", " + levels.text("int2") + ", " + counts.text("int4");
    }
};

}  // namespace

std::string columns_of_counts(std::vector<event_place>& places) {
    return columns(places).text();
}

std::string rows_of_counts(std::vector<event_place>& places) {
    return "unnest(" + columns(places).text() + ')';
}

}  // namespace falconer::store
