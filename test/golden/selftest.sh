__ssmka_dir=${ENV%/*}
unset ENV
__ssmka_entry='env'
__ssmka_interval=1
. "$__ssmka_dir/entry.sh"
unset __ssmka_dir __ssmka_entry __ssmka_interval
