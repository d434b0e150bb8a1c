// The SQLSTATEs that trashd acts on, by PostgreSQL's names for them, and those that the functions
// of the trash raise themselves.
#pragma once

#include <string_view>

namespace trashd::sqlstate {

using State = std::string_view;

inline constexpr State kFeatureNotSupported = "0A000";
inline constexpr State kConnectFailure = "08001";
inline constexpr State kConnectionFailure = "08006";
inline constexpr State kStringTruncated = "22001";
inline constexpr State kNumberOutOfRange = "22003";
inline constexpr State kInvalidDatetime = "22007";
inline constexpr State kDatetimeOverflow = "22008";
inline constexpr State kInvalidTimeZone = "22009";
inline constexpr State kIntervalOverflow = "22015";
inline constexpr State kNotInRepertoire = "22021";
inline constexpr State kLengthMismatch = "22026";
inline constexpr State kInvalidText = "22P02";
inline constexpr State kInvalidBinary = "22P03";
inline constexpr State kUntranslatable = "22P05";  // a character that the encoding has not
inline constexpr State kRestrictViolation = "23001";
inline constexpr State kNotNullViolation = "23502";
inline constexpr State kForeignKeyViolation = "23503";
inline constexpr State kUniqueViolation = "23505";
inline constexpr State kCheckViolation = "23514";
inline constexpr State kExclusionViolation = "23P01";
inline constexpr State kReadOnlyTransaction = "25006";
inline constexpr State kInvalidStatementName = "26000";
inline constexpr State kTriggeredDataChange = "27000";
inline constexpr State kInvalidSchemaName = "3F000";
inline constexpr State kSerializationFailure = "40001";
inline constexpr State kDeadlockDetected = "40P01";
inline constexpr State kInsufficientPrivilege = "42501";
inline constexpr State kUndefinedColumn = "42703";
inline constexpr State kUndefinedObject = "42704";
inline constexpr State kDatatypeMismatch = "42804";
inline constexpr State kUndefinedFunction = "42883";
inline constexpr State kGeneratedAlways = "428C9";
inline constexpr State kUndefinedTable = "42P01";
inline constexpr State kDuplicateStatement = "42P05";
inline constexpr State kProgramLimitExceeded = "54000";
inline constexpr State kNotInPrerequisiteState = "55000";
inline constexpr State kLockNotAvailable = "55P03";
inline constexpr State kQueryCanceled = "57014";
inline constexpr State kRaiseException = "P0001";
inline constexpr State kInternalError = "XX000";

// Raised by the functions that cascade/ writes.
inline constexpr State kCatalogChanged = "TD001";
inline constexpr State kUncaptured = "TD002";    // rows went that were not captured
inline constexpr State kInterference = "TD003";  // code of the database's users stands in the way
inline constexpr State kOtherTenant = "TD403";
inline constexpr State kNoSuchRow = "TD404";
inline constexpr State kHidden = "TD405";      // the role may not see or delete a row
inline constexpr State kConfigured = "TD409";  // the configuration refuses
inline constexpr State kHeld = "TD410";        // something that a hard delete may take is held
inline constexpr State kOtherVersion = "TD412";
inline constexpr State kTooMany = "TD413";

// What the SQLSTATEs of one class begin with, for Error::of_class().
inline constexpr State kConnectionExceptions = "08";
inline constexpr State kDataExceptions = "22";
inline constexpr State kIntegrityViolations = "23";
inline constexpr State kTriggeredDataChanges = "27";
inline constexpr State kInvalidSchemaNames = "3F";
inline constexpr State kTransactionRollbacks = "40";
inline constexpr State kSyntaxOrAccess = "42";
inline constexpr State kCheckOptionViolations = "44";
inline constexpr State kInsufficientResources = "53";
inline constexpr State kProgramLimits = "54";
inline constexpr State kShutdowns = "57P0";  // of the server, or of one session
inline constexpr State kPlpgsqlErrors = "P0";
inline constexpr State kOwn = "TD";

}  // namespace trashd::sqlstate
