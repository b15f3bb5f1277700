// A question under construction: its text, its parameters, and which of them the dictionaries must
// be asked for first.
#pragma once

#include "pg_connection.hpp"

#include <string>
#include <utility>
#include <vector>

namespace falconer::store {

/// Nothing that anybody wrote comes into the text: all of it is a parameter.
class statement {
public:
    /// Its place in the text: "$3".
    std::string value(std::string is) {
        values_.push_back(std::move(is));
        return '$' + std::to_string(values_.size());
    }
    /// Changes what a place holds, for another round with the same text. From 1.
    void set(std::size_t place, std::string is) { values_[place - 1] = std::move(is); }

    /// The numbers that `sql` selects, as an array of int4: the planner, who sees it as a constant,
    /// looks things up in it by hash or by index, whichever fits.
    std::string numbers(std::string sql, statement&& of);

    const pg_connection::params& values() const { return values_; }

    /// Asks for what numbers() wants. Errors: those of query().
    task<result<void>> resolve(pg_connection& db, std::chrono::milliseconds limit);

private:
    struct lookup {
        std::size_t           place;
        std::string           sql;
        pg_connection::params values;
    };
    pg_connection::params values_;
    std::vector<lookup>   lookups_;
};

}  // namespace falconer::store
