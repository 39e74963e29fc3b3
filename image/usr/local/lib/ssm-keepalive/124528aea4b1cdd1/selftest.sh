# shellcheck shell=sh
__ssmka_dir=${ENV%/*}
unset ENV
__ssmka_entry='env'
__ssmka_interval=1
# shellcheck source=/dev/null
. "$__ssmka_dir/entry.sh"
unset __ssmka_dir __ssmka_entry __ssmka_interval
